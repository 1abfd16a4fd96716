//! The configuration: one TOML file, every key with a default, a range and a meaning.
//!
//! Unknown keys are errors that name the nearest known one; a value out of range names the key, the
//! value and what is allowed. `feedd check` prints the whole with its defaults.

mod capture;
mod check;
mod feed;
mod load;
mod sinks;
mod units;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use capture::CaptureConfig;
pub use feed::{FeedConfig, QualityConfig};
pub use load::load;
pub(crate) use load::parse_known;
pub use sinks::{ParquetConfig, QuestDbConfig, RedisConfig, SinksConfig};
pub use units::{Bytes, Span};

/// Everything the daemon is told.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Config {
    /// Where records and frames are kept.
    pub journal: JournalConfig,
    /// Which part of the instruments this host captures.
    pub capture: CaptureConfig,
    /// Which thread runs on which core.
    pub threads: ThreadConfig,
    /// Limits that hold for every line.
    pub limits: LimitConfig,
    /// TLS.
    pub tls: TlsConfig,
    /// What is asked of the host.
    pub host: HostConfig,
    /// Where the journal's records go.
    pub sinks: SinksConfig,
    /// What to capture: one entry for each venue and product.
    #[serde(rename = "feed")]
    pub feeds: Vec<FeedConfig>,
}

/// `[journal]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct JournalConfig {
    /// Directory; created if absent. One daemon a directory.
    pub dir: PathBuf,
    /// Length of a segment: `16KiB` to `1GiB`, a multiple of 4 KiB. Also bounds the largest frame.
    pub segment: Bytes,
    /// Longest time between two syncs: what power loss may cost. `1ms` to `60s`.
    pub sync_interval: Span,
    /// Keep each frame exactly as received, for audits and for decoding again.
    pub raw: bool,
    /// Delete the oldest sealed segments of a log beyond this size; `0B` keeps everything.
    pub retain: Bytes,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("feedd-data"),
            segment: Bytes(32 << 20),
            sync_interval: Span::from_millis(1_000),
            raw: true,
            retain: Bytes(0),
        }
    }
}

/// `[threads]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct ThreadConfig {
    /// Core of each reader thread, by the reader's number; a reader without one is not pinned.
    pub reader_cores: Vec<usize>,
    /// Core of the journal thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal_core: Option<usize>,
    /// How the journal thread waits for records: `park` sleeps 50 us at a time after a quiet moment,
    /// `spin` never sleeps and wants a core of its own, `reader` leaves the work to the first reader,
    /// which must spin: it does it between two polls of its sockets, on hosts with too few cores.
    pub journal_poll: String,
}

impl Default for ThreadConfig {
    fn default() -> Self {
        Self {
            reader_cores: Vec::new(),
            journal_core: None,
            journal_poll: "park".to_owned(),
        }
    }
}

impl ThreadConfig {
    /// Whether the journal thread never sleeps.
    #[must_use]
    pub fn journal_spins(&self) -> bool {
        self.journal_poll == "spin"
    }

    /// Whether the first reader does the journal's work, as long as nothing has to be waited for.
    #[must_use]
    pub fn journal_carried(&self) -> bool {
        self.journal_poll == "reader"
    }
}

/// `[limits]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct LimitConfig {
    /// Ring between a reader and the journal: a power of two, `64KiB` to `1GiB`.
    pub ring: Bytes,
    /// How long a reader stops reading when its ring is full before it drops frames and says so.
    pub ring_full_wait: Span,
    /// Largest message on a line; a larger one closes it. `1KiB` to `16MiB`.
    pub message: Bytes,
    /// Largest REST body. `1KiB` to `32MiB`.
    pub body: Bytes,
    /// Longest time for TCP, TLS and WebSocket handshakes together. `100ms` to `60s`.
    pub connect: Span,
    /// First pause before a reconnect; doubles with each failure, the real pause is drawn from 0 to
    /// it (full jitter).
    pub backoff_min: Span,
    /// Longest such pause.
    pub backoff_max: Span,
    /// A line that is silent for longer is closed; absent = the venue's own rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silence: Option<Span>,
    /// Longest time for a clean stop.
    pub stop: Span,
    /// Part of each venue's limits of connections and requests that is used, in percent, 1 to 100:
    /// other programs share the address.
    pub budget_share: u8,
    /// Longest time for a name's addresses; then the last good ones are used. `10ms` to `60s`.
    pub resolve: Span,
    /// Pause after a certificate that is not trusted, and after any other refusal of TLS.
    pub tls_retry: Span,
    /// A frame that is not complete so long after its first byte closes the line. `100ms` to `10min`.
    pub frame: Span,
    /// What was sent and is not acknowledged for so long closes the connection
    /// (`TCP_USER_TIMEOUT`). `1s` to `10min`.
    pub unacknowledged: Span,
}

impl Default for LimitConfig {
    fn default() -> Self {
        Self {
            ring: Bytes(16 << 20),
            ring_full_wait: Span::from_millis(1_000),
            message: Bytes(4 << 20),
            body: Bytes(32 << 20),
            connect: Span::from_millis(10_000),
            backoff_min: Span::from_millis(250),
            backoff_max: Span::from_millis(30_000),
            silence: None,
            stop: Span::from_millis(10_000),
            budget_share: 80,
            resolve: Span::from_millis(5_000),
            tls_retry: Span::from_millis(300_000),
            frame: Span::from_millis(10_000),
            unacknowledged: Span::from_millis(30_000),
        }
    }
}

/// `[tls]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct TlsConfig {
    /// PEM file of the authorities to trust instead of the web's usual ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

/// `[host]`: each answer of the host is told at start; nothing here is needed to capture.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct HostConfig {
    /// Lock memory from its first touch (`mlockall`): nothing is swapped out. Asks for an unlimited
    /// `RLIMIT_MEMLOCK` or `CAP_IPC_LOCK`.
    pub lock_memory: bool,
    /// Each pinned thread writes through its stack before it begins, so that no page fault meets
    /// it later. Rings and histograms are made and touched by the thread that writes them, always.
    pub touch_memory: bool,
    /// Priority of reader and journal threads under `SCHED_FIFO`, 1 to 98; 0 = the usual scheduler.
    pub fifo_priority: u8,
    /// Longest time that a processor may take to wake up, in microseconds, 0 to 10000: held by
    /// `/dev/cpu_dma_latency` while the daemon runs. Absent = not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_dma_latency_us: Option<u32>,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            lock_memory: false,
            touch_memory: true,
            fifo_priority: 0,
            cpu_dma_latency_us: None,
        }
    }
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read {path}: {source}; name an existing file with -c")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not TOML, or a value of the wrong type.
    #[error("{path}: {message}")]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// The parser's words, with line and column.
        message: String,
    },
    /// Keys that mean nothing.
    #[error("unknown keys: {}", .0.join("; "))]
    Unknown(
        /// Each key with the nearest known one.
        Vec<String>,
    ),
    /// Values out of range.
    #[error("{}", .0.join("; "))]
    Range(
        /// Each key with its value and what is allowed.
        Vec<String>,
    ),
}

impl ConfigError {
    /// Names the file whose text was read.
    pub(crate) fn at(self, file: &Path) -> Self {
        match self {
            Self::Syntax { message, .. } => Self::Syntax {
                path: file.to_owned(),
                message,
            },
            other => other,
        }
    }
}
