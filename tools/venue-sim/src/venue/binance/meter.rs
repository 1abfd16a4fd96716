//! REST weight per minute: the used-weight header, 429 and 418.

use super::Dialect;
use crate::clock::{MILLI, Nanos, SECOND};
use crate::venue::RestReply;

/// Refused requests within one minute after which the address is banned.
const REFUSALS_BEFORE_BAN: u32 = 10;

/// First ban of an address: two minutes (the venue goes up to three days).
const BAN: Nanos = 120 * SECOND;

const MINUTE: Nanos = 60 * SECOND;

/// Weight used in the current minute. The venue counts per address; here all share loopback.
#[derive(Debug)]
pub(super) struct Meter {
    limit: u32,
    minute: Nanos,
    used: u32,
    refused: u32,
    banned_until: Nanos,
}

impl Meter {
    pub(super) fn new(dialect: Dialect, limit: Option<u32>) -> Self {
        let documented = if dialect == Dialect::Spot {
            6_000
        } else {
            2_400
        };
        let limit = limit.unwrap_or(documented);
        Self {
            limit,
            minute: 0,
            used: 0,
            refused: 0,
            banned_until: 0,
        }
    }

    /// Counts a request. Returns the refusal if it is one too many.
    pub(super) fn charge(&mut self, weight: u32, now: Nanos) -> Option<RestReply> {
        if now / MINUTE != self.minute {
            (self.minute, self.used, self.refused) = (now / MINUTE, 0, 0);
        }
        if now < self.banned_until {
            return Some(self.refusal(418, self.banned_until - now, now));
        }
        self.used = self.used.saturating_add(weight);
        if self.used <= self.limit {
            return None;
        }
        self.refused += 1;
        if self.refused > REFUSALS_BEFORE_BAN {
            self.banned_until = now + BAN;
            return Some(self.refusal(418, BAN, now));
        }
        Some(self.refusal(429, MINUTE - now % MINUTE, now))
    }

    pub(super) fn header(&self) -> (&'static str, String) {
        ("x-mbx-used-weight-1m", self.used.to_string())
    }

    fn refusal(&self, status: u16, wait: Nanos, now: Nanos) -> RestReply {
        let mut reply = RestReply::new(status, self.error_body(status, now));
        reply
            .headers
            .push(("retry-after", wait.div_ceil(SECOND).to_string()));
        reply
    }

    /// The venue's error object for a status.
    pub(super) fn error_body(&self, status: u16, now: Nanos) -> String {
        let (code, text) = match status {
            418 => {
                let until = self.banned_until.max(now) / MILLI;
                (-1003, format!("Way too much request weight used; IP banned until {until}. Please use WebSocket Streams for live updates to avoid bans."))
            }
            429 => (-1003, format!("Too much request weight used; current limit is {} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.", self.limit)),
            503 => (-1008, "Server is currently overloaded with other requests. Please try again in a few minutes.".into()),
            _ => (-1000, "An unknown error occurred while processing the request.".into()),
        };
        format!(r#"{{"code":{code},"msg":"{text}"}}"#)
    }
}
