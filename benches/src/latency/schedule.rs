//! When messages are meant to leave.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;
/// Most messages of one run: bounds the table of stamps.
const MESSAGES_MAX: u64 = 50_000_000;

/// A load: evenly paced messages, or bursts that leave in one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Messages that leave together.
    pub burst: u32,
    /// How often a second.
    pub per_second: u32,
}

impl Load {
    /// One message at a time, `rate` a second.
    #[must_use]
    pub const fn paced(rate: u32) -> Self {
        Self {
            burst: 1,
            per_second: rate,
        }
    }

    /// Messages in `duration`; at least one burst.
    #[must_use]
    pub fn messages(self, duration: Duration) -> u64 {
        let bursts = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX) / self.interval();
        (bursts.max(1) * u64::from(self.burst)).min(MESSAGES_MAX)
    }

    /// Nanoseconds between two departures.
    #[must_use]
    pub fn interval(self) -> u64 {
        SECOND / u64::from(self.per_second.max(1))
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.burst {
            1 => write!(f, "{}", self.per_second),
            burst => write!(f, "{burst}x{}", self.per_second),
        }
    }
}

impl FromStr for Load {
    type Err = String;

    /// `1000`: paced; `100x50`: bursts of 100, 50 a second.
    fn from_str(text: &str) -> Result<Self, String> {
        let (burst, per_second) = text.split_once('x').unwrap_or(("1", text));
        let number = |text: &str| {
            let number = text.parse().ok();
            number.filter(|number| (1..=10_000_000).contains(number))
        };
        match (number(burst), number(per_second)) {
            (Some(burst), Some(per_second)) => Ok(Self { burst, per_second }),
            _ => Err(format!(
                "{text:?} is no load: 1000 is messages a second, 100x50 is bursts of 100, 50 a second"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_are_read_as_they_are_written() {
        for text in ["1", "100000", "100x50"] {
            assert_eq!(text.parse::<Load>().unwrap().to_string(), text);
        }
        for text in ["", "0", "1x", "x1", "1x0", "ten", "1x2x3"] {
            assert!(text.parse::<Load>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_run_has_whole_bursts() {
        let load: Load = "100x50".parse().unwrap();
        assert_eq!(load.messages(Duration::from_secs(2)), 10_000);
        assert_eq!(load.messages(Duration::from_millis(1)), 100);
        assert_eq!(Load::paced(1_000).interval(), 1_000_000);
    }
}
