//! What the sink that writes to a QuestDB server and the count of what stands there must say alike:
//! how the server is named, and which table holds which kind of record. No connection is made here.

use std::fmt;

use feedd_codecs::record::Kind;

/// How rows travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// QWP over WebSocket: servers from 10.0 on.
    Qwp,
    /// ILP over HTTP: servers from 9.2 on, which brought decimals.
    Ilp,
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// How rows travel; queries go over HTTP with either.
    pub transport: Transport,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// `host:port` of the server's HTTP endpoint, which serves rows and queries.
    pub address: String,
}

/// Why a configuration string was refused. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// No scheme that is known.
    #[error("expected `http::`, `https::`, `ws::` or `wss::` before the settings")]
    Scheme,
    /// A secret, which has no place in a configuration.
    #[error("`{0}` does not belong here: name a file of credentials")]
    Secret(String),
    /// A setting that does not exist.
    #[error("`{0}` is not a setting: expected `addr=HOST:PORT;`")]
    Unknown(String),
    /// No address, or one without a port.
    #[error("expected `addr=HOST:PORT;`")]
    Address,
}

impl Server {
    /// The server of a configuration string as QuestDB's clients have it:
    /// `http::addr=127.0.0.1:9000;`, or `ws::…` for rows over QWP.
    ///
    /// # Errors
    ///
    /// [`ConnectError`].
    pub fn parse(connect: &str) -> Result<Self, ConnectError> {
        let (scheme, settings) = connect.split_once("::").ok_or(ConnectError::Scheme)?;
        let (transport, tls) = match scheme {
            "http" => (Transport::Ilp, false),
            "https" => (Transport::Ilp, true),
            "ws" => (Transport::Qwp, false),
            "wss" => (Transport::Qwp, true),
            _ => return Err(ConnectError::Scheme),
        };
        Ok(Self {
            transport,
            tls,
            address: address(settings)?,
        })
    }

    /// The base of the server's HTTP addresses.
    #[must_use]
    pub fn base_url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }
}

/// The configuration string that [`Server::parse`] reads.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (self.transport, self.tls) {
            (Transport::Ilp, false) => "http",
            (Transport::Ilp, true) => "https",
            (Transport::Qwp, false) => "ws",
            (Transport::Qwp, true) => "wss",
        };
        write!(f, "{scheme}::addr={};", self.address)
    }
}

fn address(settings: &str) -> Result<String, ConnectError> {
    const SECRETS: [&str; 6] = ["username", "user", "password", "pass", "token", "token_x"];
    let mut address = Err(ConnectError::Address);
    for setting in settings.split(';').filter(|setting| !setting.is_empty()) {
        // What is not `name=value` may be a secret with a `;` in it: it is not repeated.
        let (name, value) = setting.split_once('=').ok_or(ConnectError::Address)?;
        if SECRETS.contains(&name) {
            return Err(ConnectError::Secret(name.to_owned()));
        }
        if name != "addr" {
            return Err(ConnectError::Unknown(name.to_owned()));
        }
        let port = value.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        if matches!(port, Some(Ok(_))) && !value.contains(',') {
            address = Ok(value.to_owned());
        }
    }
    address
}

/// The table of a kind of record. [`Kind::OrdersDelta`] and [`Kind::OrdersSnapshot`] share one.
#[must_use]
pub const fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::Trade => "trades",
        Kind::Bbo => "core_price",
        Kind::BookSnapshot => "market_data",
        Kind::BookDelta => "book_deltas",
        Kind::OrdersDelta | Kind::OrdersSnapshot => "orders",
        Kind::Ticker => "tickers",
        Kind::Candle => "candles",
        Kind::Liquidation => "liquidations",
        Kind::Instrument => "instruments",
        Kind::Gap => "gaps",
        // `Kind` may grow; what is not a market record is a status.
        _ => "status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_chooses_the_transport_and_comes_back_in_the_text() {
        for (text, transport, tls) in [
            ("http::addr=127.0.0.1:9000;", Transport::Ilp, false),
            ("https::addr=db.example:443;", Transport::Ilp, true),
            ("ws::addr=[::1]:9000;", Transport::Qwp, false),
            ("wss::addr=db.example:443;", Transport::Qwp, true),
        ] {
            let server = Server::parse(text).unwrap();
            assert_eq!((server.transport, server.tls), (transport, tls), "{text}");
            assert_eq!(server.to_string(), text);
        }
    }

    #[test]
    fn strings_without_address_with_secrets_or_with_unknown_settings_are_refused_by_name() {
        for (text, problem) in [
            ("127.0.0.1:9000", ConnectError::Scheme),
            ("tcp::addr=127.0.0.1:9009;", ConnectError::Scheme),
            ("http::", ConnectError::Address),
            ("http::addr=localhost;", ConnectError::Address),
            ("http::addr=a:1,b:2;", ConnectError::Address),
            (
                "http::addr=a:1;password=x;",
                ConnectError::Secret("password".into()),
            ),
            (
                "http::addr=a:1;auto_flush=on;",
                ConnectError::Unknown("auto_flush".into()),
            ),
        ] {
            assert_eq!(Server::parse(text).unwrap_err(), problem, "{text}");
        }
    }
}
