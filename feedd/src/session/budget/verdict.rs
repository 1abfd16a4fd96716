//! What an HTTP answer says about how much we ask.
//!
//! | answer | meaning | source |
//! |---|---|---|
//! | 429 | too much; `Retry-After` seconds | Binance REST general information, 2026-11 |
//! | 418 | the address is banned, two minutes to three days; `Retry-After`, or "banned until" in ms | the same |
//! | 403 | Bybit: "access too frequent", at least ten minutes; Binance and Kraken: a firewall | v5 "Rate limit", 2026-11 |
//! | 200 with `EGeneral:Too many requests` or `EAPI:Rate limit exceeded` | Kraken: too much | Spot REST "Errors", 2026-11 |
//! | 200 with `retCode` 10006 | Bybit: too many visits | v5 "Error codes", 2026-11 |
//! | any status with `Retry-After` | as it says | RFC 9110 section 10.2.3 |

use std::time::Duration;

use super::account::Stop;

/// Binance's shortest ban.
const BAN_MIN: Duration = Duration::from_secs(120);
/// Binance counts by the minute.
const TOO_MANY: Duration = Duration::from_secs(60);
/// What Bybit asks for after its 403.
const FORBIDDEN: Duration = Duration::from_secs(600);
/// Errors that venues send over status 200.
const BODIES: [(&str, Duration); 3] = [
    ("EGeneral:Too many requests", Duration::from_secs(30)),
    ("EAPI:Rate limit exceeded", Duration::from_secs(30)),
    ("\"retCode\":10006", Duration::from_secs(10)),
];
/// Errors stand at the beginning of a body.
pub(crate) const BODY_HEAD: usize = 512;

/// What concerns budgets in an HTTP answer.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// The status code.
    pub status: u16,
    /// `Retry-After` as it came.
    pub retry_after: Option<&'a str>,
    /// The body or its beginning.
    pub body: &'a [u8],
    /// Wall clock, ns.
    pub wall: i64,
}

impl Reply<'_> {
    /// The stop that the answer asks for.
    #[must_use]
    pub fn stop(&self) -> Option<Stop> {
        let head = &self.body[..self.body.len().min(BODY_HEAD)];
        let head = String::from_utf8_lossy(head);
        let named = self.named(&head);
        let own = match self.status {
            418 => Some(BAN_MIN),
            429 => Some(TOO_MANY),
            403 => Some(FORBIDDEN),
            200 => BODIES
                .iter()
                .find(|(text, _)| head.contains(text))
                .map(|(_, lasts)| *lasts),
            _ => None,
        };
        let ban = matches!(self.status, 403 | 418);
        // 403 names no time that may be shorter than what the venue's page asks for.
        let floor = if self.status == 403 {
            FORBIDDEN
        } else {
            Duration::ZERO
        };
        let lasts = match (named, own) {
            (Some(named), _) if self.status != 200 => named.max(floor),
            (_, own) => own?,
        };
        Some(Stop {
            lasts,
            named: named.is_some(),
            ban,
            reason: format!("HTTP status {}", self.status),
        })
    }

    /// The time that the venue names.
    fn named(&self, head: &str) -> Option<Duration> {
        let seconds = self.retry_after.and_then(|text| text.trim().parse().ok());
        seconds.map(Duration::from_secs).or_else(|| {
            let (_, rest) = head.split_once("banned until ")?;
            let end = rest
                .find(|character: char| !character.is_ascii_digit())
                .unwrap_or(rest.len());
            let until = rest[..end].parse::<i64>().ok()?.checked_mul(1_000_000)?;
            u64::try_from(until.checked_sub(self.wall)?)
                .ok()
                .map(Duration::from_nanos)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(status: u16, retry_after: Option<&str>, body: &str) -> Option<(u64, bool, bool)> {
        let reply = Reply {
            status,
            retry_after,
            body: body.as_bytes(),
            wall: 1_700_000_000_000_000_000,
        };
        let stop = reply.stop()?;
        Some((stop.lasts.as_secs(), stop.named, stop.ban))
    }

    #[test]
    fn every_refusal_stops_for_the_documented_time() {
        let banned = r#"{"code":-1003,"msg":"Way too much request weight used; IP banned until 1700000300000. Please"}"#;
        for (status, retry_after, body, expected) in [
            (200, None, "{}", None),
            (200, Some("5"), "{}", None),
            (500, None, "", None),
            (503, Some("7"), "", Some((7, true, false))),
            (429, Some("2"), "", Some((2, true, false))),
            (429, None, "", Some((60, false, false))),
            (
                429,
                Some("Wed, 21 Oct 2015 07:28:00 GMT"),
                "",
                Some((60, false, false)),
            ),
            (418, Some("90"), banned, Some((90, true, true))),
            (418, None, banned, Some((300, true, true))),
            (418, None, "", Some((120, false, true))),
            (403, None, "access too frequent", Some((600, false, true))),
            (403, Some("3"), "", Some((600, true, true))),
            (
                200,
                None,
                r#"{"error":["EGeneral:Too many requests"]}"#,
                Some((30, false, false)),
            ),
            (
                200,
                None,
                r#"{"error":["EAPI:Rate limit exceeded"]}"#,
                Some((30, false, false)),
            ),
            (
                200,
                None,
                r#"{"retCode":10006,"retMsg":"Too many visits!"}"#,
                Some((10, false, false)),
            ),
        ] {
            assert_eq!(
                stop(status, retry_after, body),
                expected,
                "{status} {retry_after:?} {body}"
            );
        }
    }

    #[test]
    fn a_ban_that_is_over_or_unreadable_counts_as_unnamed() {
        for text in [
            "banned until 1699999999999.",
            "banned until soon",
            "banned until 99999999999999999999",
        ] {
            assert_eq!(stop(418, None, text), Some((120, false, true)), "{text}");
        }
    }
}
