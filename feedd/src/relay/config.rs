//! The configuration of `feedd publish` and `feedd relay`: one TOML file with a section for each.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use feedd_storage::{JournalOptions, LogOptions};
use serde::{Deserialize, Serialize};

use crate::config::{Bytes, ConfigError, JournalConfig, Span, parse_known};

/// Most sources of one relay.
const SOURCES_MAX: usize = 64;
/// Longest window: what waits in it is held in memory.
const WINDOW_MAX_MS: u64 = 10_000;
/// Most clients of a replay service: each costs a thread and a mapped segment.
const CLIENTS_MAX: usize = 256;
/// The port that nothing else of this project uses.
const REPLAY_PORT: u16 = 9_710;

/// The file.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct FanConfig {
    /// The journal that is published, or that the relay writes.
    pub journal: JournalConfig,
    /// The media driver; needed where a channel is named.
    pub aeron: AeronConfig,
    /// What `feedd publish` does.
    pub publish: PublishConfig,
    /// What `feedd relay` does.
    pub relay: RelayConfig,
}

/// `[aeron]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct AeronConfig {
    /// Directory of a media driver that runs already; absent = one is started in this process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<PathBuf>,
    /// Length of a term of a publication: a power of two, `64KiB` to `1GiB`. An eighth of it is the
    /// longest message, so the largest record has to fit in there.
    pub term: Bytes,
    /// Longest datagram: 1408 fits every Ethernet, 8192 needs jumbo frames on the whole way.
    pub mtu: u16,
}

impl Default for AeronConfig {
    fn default() -> Self {
        Self {
            dir: None,
            term: Bytes(32 << 20),
            mtu: 1_408,
        }
    }
}

/// `[publish]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct PublishConfig {
    /// Where the replay service listens. It has no passwords: an address of a network where
    /// everybody may read the journal.
    pub replay: SocketAddr,
    /// Clients that it serves at once, 1 to 256.
    pub clients: usize,
    /// Bytes a second of all its answers together: leaves the capture its disk and its network.
    pub rate: Bytes,
    /// Aeron channel to publish on; absent = the replay service alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Stream in the channel.
    pub stream: i32,
}

impl Default for PublishConfig {
    fn default() -> Self {
        Self {
            replay: SocketAddr::from((Ipv4Addr::LOCALHOST, REPLAY_PORT)),
            clients: 8,
            rate: Bytes(128 << 20),
            channel: None,
            stream: 1_001,
        }
    }
}

/// Where a relay begins with a source of which it has nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Begin {
    /// With the oldest record that the source's journal still has.
    #[default]
    Oldest,
    /// With the newest record, for who comes late and does not want the past.
    Newest,
}

/// `[relay]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct RelayConfig {
    /// Where it begins with a source of which it has nothing: `oldest` or `newest`.
    pub begin: Begin,
    /// How long a record waits for earlier ones of other sources, `0ms` to `10s`.
    pub window: Span,
    /// How often a source without a channel is asked, `1ms` to `1min`.
    pub poll: Span,
    /// A source whose channel has been silent for so long is asked, `100ms` to `1min`. Publishers
    /// give a sign of life every 100 ms.
    pub silence: Span,
    /// The sources, 1 to 64.
    #[serde(rename = "source")]
    pub sources: Vec<SourceConfig>,
}

impl RelayConfig {
    /// Whether any source is heard live.
    pub(super) fn names_channels(&self) -> bool {
        self.sources.iter().any(|source| source.channel.is_some())
    }
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            begin: Begin::Oldest,
            window: Span::from_millis(50),
            poll: Span::from_millis(100),
            silence: Span::from_millis(1_000),
            sources: Vec::new(),
        }
    }
}

/// `[[relay.source]]`
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SourceConfig {
    /// Name in logs and in the file `sources`.
    pub name: String,
    /// The source's replay service, `HOST:PORT`.
    pub replay: String,
    /// Aeron channel to subscribe to; absent = the replay service is asked every `relay.poll`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Stream in the channel.
    #[serde(default = "default_stream")]
    pub stream: i32,
}

fn default_stream() -> i32 {
    PublishConfig::default().stream
}

/// Reads and checks the file.
///
/// # Errors
///
/// A [`ConfigError`] that names the key, the value and what is allowed.
pub fn load(path: &Path) -> Result<FanConfig, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    let config = parse_known(&text, full).map_err(|error| error.at(path))?;
    config.check()?;
    Ok(config)
}

/// A configuration in which every key is set.
fn full() -> FanConfig {
    let mut full = FanConfig::default();
    full.aeron.dir = Some("aeron".into());
    full.publish.channel = Some(String::new());
    full.relay.sources.push(SourceConfig {
        name: String::new(),
        replay: String::new(),
        channel: Some(String::new()),
        stream: default_stream(),
    });
    full
}

impl FanConfig {
    fn check(&self) -> Result<(), ConfigError> {
        let (aeron, publish, relay) = (&self.aeron, &self.publish, &self.relay);
        let term = aeron.term.0;
        let mut wrong = Vec::new();
        let mut rule = |fine: bool, what: &str| {
            if !fine {
                wrong.push(what.to_owned());
            }
        };
        rule(
            term.is_power_of_two() && (64 << 10..=1 << 30).contains(&term),
            "aeron.term: expected a power of two from 64KiB to 1GiB",
        );
        rule(
            (256..=65_504).contains(&aeron.mtu) && aeron.mtu.is_multiple_of(32),
            "aeron.mtu: expected a multiple of 32 from 256 to 65504",
        );
        rule(
            (1..=CLIENTS_MAX).contains(&publish.clients),
            "publish.clients: expected 1 to 256",
        );
        rule(publish.rate.0 > 0, "publish.rate: expected more than 0B");
        let millis = |span: Span| u64::try_from(span.0.as_millis()).unwrap_or(u64::MAX);
        rule(
            millis(relay.window) <= WINDOW_MAX_MS,
            "relay.window: expected 0ms to 10s",
        );
        rule(
            (1..=60_000).contains(&millis(relay.poll)),
            "relay.poll: expected 1ms to 1min",
        );
        rule(
            (100..=60_000).contains(&millis(relay.silence)),
            "relay.silence: expected 100ms to 1min",
        );
        rule(
            relay.sources.len() <= SOURCES_MAX,
            "relay.source: expected at most 64",
        );
        for source in &relay.sources {
            let name = &source.name;
            rule(
                !name.is_empty() && name.len() <= 64 && !name.contains(char::is_control),
                "relay.source.name: expected 1 to 64 printable characters",
            );
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(ConfigError::Range(wrong))
        }
    }

    /// Options of the relay's journal. Its logs of raw and refused frames stay empty.
    #[must_use]
    pub fn journal_options(&self) -> JournalOptions {
        let mut options = JournalOptions::default();
        let retain = self.journal.retain.0;
        options.records = LogOptions {
            segment_bytes: u32::try_from(self.journal.segment.0).unwrap_or(u32::MAX),
            retain_bytes: (retain > 0).then_some(retain),
        };
        options.raw.segment_bytes = EMPTY_SEGMENT;
        options.quarantine = options.raw;
        options.sync_interval = self.journal.sync_interval.0;
        options.wall_clock = crate::clock::wall;
        options
    }
}

/// Segment of a log that nothing is written to: the smallest.
const EMPTY_SEGMENT: u32 = 16 << 10;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parsed(text: &str) -> FanConfig {
        parse_known(text, full).unwrap()
    }

    #[test]
    fn the_examples_pass_and_mean_what_the_page_says() {
        for text in [
            include_str!("../../publish.example.toml"),
            include_str!("../../relay.example.toml"),
        ] {
            parsed(text).check().unwrap();
        }
        let relay = parsed(include_str!("../../relay.example.toml"));
        assert_eq!(relay.relay.sources.len(), 2);
    }

    #[test]
    fn values_out_of_range_are_all_named() {
        let text =
            "[aeron]\nterm = \"3KiB\"\nmtu = 7\n[publish]\nclients = 0\n[relay]\nwindow = \"1h\"";
        let error = parsed(text).check().unwrap_err().to_string();
        for key in ["aeron.term", "aeron.mtu", "publish.clients", "relay.window"] {
            assert!(error.contains(key), "{key}: {error}");
        }
    }

    #[test]
    fn an_unknown_key_names_the_nearest_in_every_section() {
        for (text, told) in [
            (
                "[relay]\nwindw = \"1s\"",
                "`relay.windw` (nearest: `window`)",
            ),
            (
                "[journal]\nretian = 1",
                "`journal.retian` (nearest: `retain`)",
            ),
            ("[aeron]\ndirr = 1", "`aeron.dirr` (nearest: `dir`)"),
            (
                "[[relay.source]]\nname = \"a\"\nreplay = \"b:1\"\nchanel = \"c\"",
                "`relay.source.0.chanel` (nearest: `channel`)",
            ),
        ] {
            let error = parse_known(text, full).unwrap_err().to_string();
            assert_eq!(error, format!("unknown keys: {told}"));
        }
    }
}
