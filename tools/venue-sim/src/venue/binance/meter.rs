//! REST weight per minute: the used-weight header, 429 and 418.

use super::Dialect;
use crate::clock::{MILLI, Nanos, SECOND};
use crate::venue::RestReply;

/// Refused requests within one minute after which the address is banned.
const REFUSALS_BEFORE_BAN: u32 = 10;

/// First ban of an address: two minutes (the venue goes up to three days).
const BAN: Nanos = 120 * SECOND;

const MINUTE: Nanos = 60 * SECOND;

/// The counts of both pools. Since the integration of both futures products in 2026 they share
/// one; spot has its own.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    spot: Meter,
    futures: Meter,
}

impl Meters {
    pub(super) fn of(&mut self, dialect: Dialect) -> &mut Meter {
        match dialect {
            Dialect::Spot => &mut self.spot,
            Dialect::Usdm | Dialect::Coinm => &mut self.futures,
        }
    }
}

/// Weight per minute: the configured one, or what the product documents.
pub(super) fn limit(dialect: Dialect, configured: Option<u32>) -> u32 {
    configured.unwrap_or(match dialect {
        Dialect::Spot => 6_000,
        Dialect::Usdm | Dialect::Coinm => 2_400,
    })
}

/// Weight used in the current minute. The venue counts per address; here all share loopback.
#[derive(Debug, Default)]
pub(super) struct Meter {
    minute: Nanos,
    used: u32,
    refused: u32,
    banned_until: Nanos,
}

impl Meter {
    /// Counts a request. Returns the refusal if it is one too many for `limit`.
    pub(super) fn charge(&mut self, weight: u32, limit: u32, now: Nanos) -> Option<RestReply> {
        if now / MINUTE != self.minute {
            (self.minute, self.used, self.refused) = (now / MINUTE, 0, 0);
        }
        if now < self.banned_until {
            return Some(refusal(418, self.banned_until - now, limit, now));
        }
        self.used = self.used.saturating_add(weight);
        if self.used <= limit {
            return None;
        }
        self.refused += 1;
        if self.refused > REFUSALS_BEFORE_BAN {
            self.banned_until = now + BAN;
            return Some(refusal(418, BAN, limit, now));
        }
        Some(refusal(429, MINUTE - now % MINUTE, limit, now))
    }

    pub(super) fn header(&self) -> (&'static str, String) {
        ("x-mbx-used-weight-1m", self.used.to_string())
    }
}

fn refusal(status: u16, wait: Nanos, limit: u32, now: Nanos) -> RestReply {
    let body = error_body(status, limit, now + wait);
    let mut reply = RestReply::new(status, body);
    let wait = wait.div_ceil(SECOND).to_string();
    reply.headers.push(("retry-after", wait));
    reply
}

/// The venue's error object for a status; `until` is when a ban ends.
pub(super) fn error_body(status: u16, limit: u32, until: Nanos) -> String {
    let (code, text) = match status {
        418 => (-1003, format!("Way too much request weight used; IP banned until {}. Please use WebSocket Streams for live updates to avoid bans.", until / MILLI)),
        429 => (-1003, format!("Too much request weight used; current limit is {limit} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.")),
        503 => (-1008, "Server is currently overloaded with other requests. Please try again in a few minutes.".into()),
        _ => (-1000, "An unknown error occurred while processing the request.".into()),
    };
    format!(r#"{{"code":{code},"msg":"{text}"}}"#)
}
