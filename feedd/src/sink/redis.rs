//! Redis: the newest values of each instrument, for readers that only want now.
//!
//! The one idea: what a batch changed is written in one transaction together with the journal
//! sequence that it reaches, so the server knows itself how far it is, and values never go back:
//! after any crash the sink goes on behind that sequence, not behind an older cursor.
//!
//! * A hash for each instrument, `<prefix>:<venue>:<symbol>`, with the fields of `latest`.
//! * One channel, `<prefix>`, with a message for each group of fields that was written.
//! * `<prefix>:journal` and `<prefix>:seq`: which journal the values are from, and how far.
//!
//! It conflates: of several values of a batch only the last one is written.

mod latest;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use feedd_codecs::InstrumentId;
use feedd_storage::sink::credentials::Credentials;
use feedd_storage::sink::{Ack, Refusal, Rows, Sink};
use feedd_storage::{JournalId, LogReader, Start, segments};
use redis::{Client, Connection, Pipeline};

use crate::config::RedisConfig;
use latest::{Group, Latest};

/// Longest time to connect, and for one answer: a server that has nothing else to do takes
/// milliseconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the server is and what its keys begin with.
#[derive(Clone, Debug)]
pub struct Options {
    /// `host:port`.
    pub address: String,
    /// File of the credentials; nothing for a server that asks for none.
    pub credentials: Option<PathBuf>,
    /// What every key begins with, and the channel's name: `feedd`.
    pub prefix: String,
}

impl Options {
    /// The options of a configuration; nothing where it names no server.
    #[must_use]
    pub fn of(config: &RedisConfig) -> Option<Self> {
        Some(Self {
            address: config.address.clone()?,
            credentials: config.credentials.clone(),
            prefix: config.prefix.clone(),
        })
    }
}

/// The sink.
pub struct Redis {
    options: Options,
    journal_dir: PathBuf,
    journal: JournalId,
    connection: Option<Connection>,
    latest: Latest,
    /// What the batch at hand changed.
    changed: BTreeSet<(InstrumentId, Group)>,
    /// Every lower sequence is in [`Redis::latest`]; 0 before the first.
    applied: u64,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis")
            .field("options", &self.options)
            .field("applied", &self.applied)
            .finish_non_exhaustive()
    }
}

impl Redis {
    /// A sink of the journal in `journal_dir` that connects when it is begun.
    ///
    /// # Errors
    ///
    /// What [`JournalId::of`] says.
    pub fn new(journal_dir: &Path, options: Options) -> Result<Self, feedd_storage::Error> {
        Ok(Self {
            options,
            journal: JournalId::of(journal_dir)?,
            journal_dir: journal_dir.to_owned(),
            connection: None,
            latest: Latest::default(),
            changed: BTreeSet::new(),
            applied: 0,
        })
    }

    fn connect(&self) -> Result<Connection, Refusal> {
        let client = Client::open(format!("redis://{}/", self.options.address));
        let client = client.map_err(Refusal::transient)?;
        let mut connection = client
            .get_connection_with_timeout(ANSWER_TIMEOUT)
            .map_err(Refusal::transient)?;
        for set in [Connection::set_read_timeout, Connection::set_write_timeout] {
            set(&connection, Some(ANSWER_TIMEOUT)).map_err(Refusal::transient)?;
        }
        if let Some(path) = &self.options.credentials {
            let mut command = redis::cmd("AUTH");
            match Credentials::read(path).map_err(Refusal::transient)? {
                Credentials::Token(token) => command.arg(token.reveal()),
                Credentials::Basic { username, password } => {
                    command.arg(username.reveal()).arg(password.reveal())
                }
            };
            let answer: redis::RedisResult<()> = command.query(&mut connection);
            answer.map_err(Refusal::transient)?;
        }
        Ok(connection)
    }

    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.options.prefix)
    }

    /// The sequence behind the last record whose values the server has; nothing if its values are of
    /// another journal, or gone.
    fn reached(&self, connection: &mut Connection) -> Result<Option<u64>, Refusal> {
        let mut command = redis::cmd("MGET");
        command.arg(self.key("journal")).arg(self.key("seq"));
        let (journal, seq): (Option<String>, Option<u64>) =
            command.query(connection).map_err(Refusal::transient)?;
        let ours = journal.as_deref() == Some(self.journal.to_string().as_str());
        Ok(seq.filter(|_| ours))
    }

    /// Brings [`Redis::latest`] to `next_seq`: books and values are states that records continue.
    /// Each segment begins with the instruments and a snapshot of every book.
    fn catch_up(&mut self, next_seq: u64) -> Result<(), Refusal> {
        if self.applied >= next_seq.max(1) {
            return Ok(());
        }
        let log_dir = self.journal_dir.join("records");
        self.latest = Latest::default();
        let infos = segments(&log_dir).map_err(Refusal::transient)?;
        let from = infos.iter().map(|info| info.first_seq);
        let Some(from) = from.filter(|&seq| seq < next_seq).max() else {
            self.applied = next_seq;
            return Ok(());
        };
        let reader = LogReader::open(&log_dir, Start::Seq(from));
        let mut reader = reader.map_err(Refusal::transient)?;
        while let Some(frame) = reader.next().map_err(Refusal::transient)? {
            if frame.seq >= next_seq {
                break;
            }
            self.latest.take_bytes(frame.payload);
        }
        self.applied = next_seq;
        Ok(())
    }

    /// Writes what changed, and how far that is.
    fn write(&mut self, next_seq: u64) -> Result<(), Refusal> {
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        for &(instrument, group) in &self.changed {
            self.add(&mut pipeline, instrument, group);
        }
        let journal = self.journal.to_string();
        pipeline.set(self.key("journal"), journal).ignore();
        pipeline.set(self.key("seq"), next_seq).ignore();
        let connection = self.connection.as_mut();
        let connection = connection.ok_or_else(|| Refusal::transient("not connected"))?;
        pipeline
            .query::<()>(connection)
            .map_err(Refusal::transient)?;
        self.changed.clear();
        Ok(())
    }

    fn add(&self, pipeline: &mut Pipeline, instrument: InstrumentId, group: Group) {
        let Some(fields) = self.latest.fields(instrument, group) else {
            return;
        };
        let symbol = self.latest.symbol(instrument);
        let venue = instrument.venue();
        let key = self.key(&format!("{venue}:{symbol}"));
        let mut message = serde_json::Map::new();
        for (name, value) in [("venue", venue.to_string()), ("symbol", symbol.to_owned())] {
            message.insert(name.to_owned(), value.into());
        }
        for (name, value) in &fields {
            message.insert((*name).to_owned(), value.as_str().into());
        }
        pipeline.hset_multiple(key, &fields).ignore();
        let message = serde_json::Value::Object(message).to_string();
        pipeline.publish(&self.options.prefix, message).ignore();
    }
}

impl Sink for Redis {
    fn begin(&mut self, acked: u64) -> Result<u64, Refusal> {
        self.connection = None;
        let mut connection = self.connect()?;
        let reached = self.reached(&mut connection)?;
        self.connection = Some(connection);
        // Rows that come again find their values here already: each says what is, not what changed.
        let next_seq = reached.unwrap_or(self.applied).max(acked);
        self.catch_up(next_seq)?;
        self.changed.clear();
        if reached.is_none() {
            // An empty server gets everything that is known.
            self.changed = self.latest.groups();
            self.write(next_seq)?;
        }
        Ok(next_seq)
    }

    fn deliver(&mut self, rows: &Rows<'_>, _now: Duration) -> Result<Ack, Refusal> {
        for row in rows.iter() {
            if let Some(symbol) = row.symbol {
                let instrument = row.record.header().instrument;
                self.latest.name(instrument, symbol);
                let group = self.latest.take(&row.record);
                self.changed.extend(group.map(|group| (instrument, group)));
            }
        }
        let next_seq = rows.last_seq() + 1;
        self.applied = self.applied.max(next_seq);
        self.write(next_seq).map(|()| Ack::All)
    }

    /// A dead letter is older than what stands there.
    fn replay(&mut self, _rows: &Rows<'_>, _now: Duration) -> Result<(), Refusal> {
        Ok(())
    }
}
