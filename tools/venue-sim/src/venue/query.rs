//! Paths and query strings of WebSocket handshakes and REST requests.

/// A path with its decoded query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RestRequest {
    /// Percent-decoded, with repeated slashes merged: client libraries join bases carelessly.
    pub(crate) path: String,
    pairs: Vec<(String, String)>,
}

impl RestRequest {
    /// Splits `/path?a=b&c=d`.
    pub(crate) fn parse(target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decoded(key), decoded(value))
            });
        Self {
            path: merged(&decoded(path)),
            pairs: pairs.collect(),
        }
    }

    /// The first value of a parameter.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// A parameter as an integer; `default` if it is absent or not one.
    pub(crate) fn number(&self, key: &str, default: u64) -> u64 {
        self.get(key)
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    }
}

fn merged(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for character in path.chars() {
        if character != '/' || !out.ends_with('/') {
            out.push(character);
        }
    }
    out
}

/// Percent-decoding; what does not decode stays as it is.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes
            .get(at + 1..at + 3)
            .and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_codes_and_double_slashes_are_resolved() {
        let request = RestRequest::parse("//stream?streams=btcusdt%40trade%2Fethusdt@depth&x");
        assert_eq!(request.path, "/stream");
        assert_eq!(request.get("streams"), Some("btcusdt@trade/ethusdt@depth"));
        assert_eq!(request.get("x"), Some(""));
        assert_eq!(RestRequest::parse("/a?b=%zz%4").get("b"), Some("%zz%4"));
    }
}
