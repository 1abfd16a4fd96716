//! `[sinks]`: where the journal's records go.

use std::path::{Path, PathBuf};

use feedd_storage::sink::parquet::ParquetOptions;
use serde::{Deserialize, Serialize};

use super::{Bytes, Span};

/// Five times what a busy day brings, and less than half of what the fastest sink takes: an hour of
/// outage is made up for in a quarter of one, with most of a core left to everybody else.
const CATCH_UP_ROWS: u64 = 500_000;

/// `[sinks]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct SinksConfig {
    /// A sink whose last acknowledged record is older than this while there are newer ones is
    /// alarmed. `1s` to `24h`.
    pub lag_alarm: Span,
    /// Most rows a second that a sink is handed while it is behind; 0 = as fast as it takes them.
    pub catch_up_rows: u64,
    /// Parquet files.
    pub parquet: ParquetConfig,
    /// A QuestDB server.
    pub questdb: QuestDbConfig,
    /// A Redis server.
    pub redis: RedisConfig,
}

impl Default for SinksConfig {
    fn default() -> Self {
        Self {
            lag_alarm: Span::from_millis(1_800_000),
            catch_up_rows: CATCH_UP_ROWS,
            parquet: ParquetConfig::default(),
            questdb: QuestDbConfig::default(),
            redis: RedisConfig::default(),
        }
    }
}

/// `[sinks.parquet]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct ParquetConfig {
    /// Whether Parquet files are written.
    pub enabled: bool,
    /// Directory; created if absent. Absent = `parquet` in the journal's directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<PathBuf>,
    /// Rows after which files are sealed, 1,000 to 10,000,000.
    pub rows: usize,
    /// Records held in memory before files are sealed. `1MiB` to `4GiB`.
    pub buffer: Bytes,
    /// Age after which files are sealed: how old the newest row in a file may be. `1s` to `24h`.
    pub age: Span,
    /// Effort of the zstd compression, 1 to 22.
    pub level: i32,
    /// Binary fractions beside the exact numbers, for readers who want `avg(price)`.
    pub doubles: bool,
    /// Merge the files of days that are over.
    pub compact: bool,
}

impl Default for ParquetConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            dir: None,
            rows: 1_000_000,
            buffer: Bytes(128 << 20),
            age: Span::from_millis(300_000),
            level: 3,
            doubles: true,
            compact: true,
        }
    }
}

impl ParquetConfig {
    /// Where the files are, for a journal in `journal_dir`.
    #[must_use]
    pub fn root(&self, journal_dir: &Path) -> PathBuf {
        self.dir
            .clone()
            .unwrap_or_else(|| journal_dir.join("parquet"))
    }

    /// As the sink takes it.
    #[must_use]
    pub fn options(&self, journal_dir: &Path) -> ParquetOptions {
        ParquetOptions {
            root: self.root(journal_dir),
            rows: self.rows,
            bytes: usize::try_from(self.buffer.0).unwrap_or(usize::MAX),
            age: self.age.0,
            level: self.level,
            doubles: self.doubles,
            compact: self.compact,
        }
    }
}

/// `[sinks.questdb]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct QuestDbConfig {
    /// Where the server is: `http::addr=HOST:PORT;`, or `ws::…` for QWP. Absent = no such sink.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect: Option<String>,
    /// File of the credentials; relative to systemd's credentials where there are such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<PathBuf>,
    /// PEM file of the authorities that sign an `https` or `wss` server's certificate. Absent = the
    /// public ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// How long a crash of the server's host may undo what the server acknowledged. `0s` to `1h`.
    pub settle: Span,
    /// Connections that share the rows, 1 to 16.
    pub connections: usize,
    /// Days that quotes, books and orders are kept, 0 to 36500; 0 = for ever.
    pub keep_quotes_days: u32,
    /// Days that everything else but reference data is kept, 0 to 36500; 0 = for ever.
    pub keep_days: u32,
}

impl Default for QuestDbConfig {
    fn default() -> Self {
        Self {
            connect: None,
            credentials: None,
            ca_file: None,
            settle: Span::from_millis(60_000),
            connections: 2,
            keep_quotes_days: 3,
            keep_days: 30,
        }
    }
}

/// `[sinks.redis]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct RedisConfig {
    /// `HOST:PORT` of the server. Absent = no such sink.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// File of the credentials; relative to systemd's credentials where there are such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<PathBuf>,
    /// What every key begins with, and the channel's name.
    pub prefix: String,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            address: None,
            credentials: None,
            prefix: "feedd".to_owned(),
        }
    }
}
