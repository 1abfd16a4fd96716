//! Which part of the configured instruments this host captures.

use feedd_codecs::feed::{Pick, Share};
use serde::{Deserialize, Serialize};

use super::{Config, ConfigError};

/// Most hosts that instruments are split over.
const HOSTS_MAX: usize = 1_024;

/// `[capture]`: the same file may serve all hosts, each takes its part of every feed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct CaptureConfig {
    /// The hosts that share the instruments; none = this host captures all of them.
    pub hosts: Vec<String>,
    /// Which of them this is; absent = the host's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

impl Config {
    /// Leaves to every feed this host's part, and away the feeds that have none.
    pub(super) fn split(&mut self) -> Result<(), ConfigError> {
        let Some(share) = self.capture.share()? else {
            return Ok(());
        };
        for feed in &mut self.feeds {
            let id = feed.venue_id();
            let carries = |symbol: &str| id.is_none_or(|id| share.has(id, symbol));
            // Open picks are split once reference data tells what they mean.
            feed.instruments.retain(|pick| match pick.parse() {
                Ok(Pick::Symbol(symbol)) => carries(&symbol),
                _ => true,
            });
            feed.share = Some(share.clone());
        }
        self.feeds.retain(|feed| !feed.instruments.is_empty());
        Ok(())
    }
}

impl CaptureConfig {
    fn share(&self) -> Result<Option<Share>, ConfigError> {
        if self.hosts.is_empty() {
            return Ok(None);
        }
        let own = || {
            let name = rustix::system::uname();
            name.nodename().to_string_lossy().into_owned()
        };
        let host = self.host.clone().unwrap_or_else(own);
        let share = Share::new(&self.hosts, &host).filter(|_| self.hosts.len() <= HOSTS_MAX);
        share.map(Some).ok_or_else(|| {
            let wrong = format!(
                "capture.host is {host:?}: expected one of the 1 to {HOSTS_MAX} capture.hosts"
            );
            ConfigError::Range(vec![wrong])
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn config(host: &str) -> Config {
        let text = format!(
            "[capture]\nhosts = [\"a\", \"b\"]\nhost = \"{host}\"\n[[feed]]\nvenue = \"kraken\"\nproduct = \"spot\"\n\
             instruments = [\"BTC/USD\", \"ETH/USD\", \"SOL/USD\", \"XRP/USD\", \"ADA/USD\", \"*EUR\"]"
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn two_hosts_have_every_symbol_once_and_both_the_patterns() {
        let (mut one, mut two) = (config("a"), config("b"));
        one.split().unwrap();
        two.split().unwrap();
        let mut all: Vec<String> = [&one, &two]
            .iter()
            .flat_map(|config| {
                config
                    .feeds
                    .iter()
                    .flat_map(|feed| feed.instruments.clone())
            })
            .collect();
        all.sort();
        let mut expected = config("a").feeds.remove(0).instruments;
        expected.push("*EUR".to_owned());
        expected.sort();
        assert_eq!(all, expected);
    }

    #[test]
    fn a_host_that_is_not_in_the_list_is_refused() {
        let error = config("c").split().unwrap_err().to_string();
        assert!(
            error.contains("capture.host") && error.contains("\"c\""),
            "{error}"
        );
    }
}
