//! The bounded record behind [`Truth`](crate::Truth): connections and touched messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Parcel, Session};
use crate::config::Product;
use crate::tape::{Mark, Tape};
use crate::truth::{FaultRecord, LineTruth, Touch};

/// Connections remembered; the oldest go first. A reconnect loop must not eat the memory.
const LINES_MAX: usize = 10_000;

/// Touched messages remembered; later ones are not recorded. Bounds a forgotten silence.
const TOUCHED_MAX: usize = 200_000;

#[derive(Debug)]
struct LineLog {
    product: Product,
    path: String,
    streams: Vec<String>,
    sent: BTreeMap<Arc<str>, u64>,
    received: u64,
    closed: Option<String>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Log {
    lines: BTreeMap<u64, LineLog>,
    touched: Vec<FaultRecord>,
    /// The unbounded record in a file, if there is one.
    pub(crate) tape: Tape,
}

impl Log {
    pub(crate) fn opened(&mut self, session: &Session) {
        if self.lines.len() == LINES_MAX {
            self.lines.pop_first();
        }
        let (line, path) = (session.line, session.path.as_str());
        self.tape
            .mark(session.product, &Mark::Opened { line, path });
        let log = LineLog {
            product: session.product,
            path: session.path.clone(),
            streams: Vec::new(),
            sent: BTreeMap::new(),
            received: 0,
            closed: None,
        };
        self.lines.insert(session.line, log);
    }

    pub(crate) fn closed(&mut self, session: &Session, why: &str) {
        let line = session.line;
        self.tape.mark(session.product, &Mark::Closed { line, why });
        if let Some(log) = self.lines.get_mut(&session.line) {
            log.closed = Some(why.to_owned());
            log.streams = session.subs.keys().map(ToString::to_string).collect();
        }
    }

    pub(crate) fn received(&mut self, line: u64) {
        if let Some(log) = self.lines.get_mut(&line) {
            log.received += 1;
        }
    }

    /// Counts one stream message as written to the socket.
    pub(crate) fn sent(&mut self, line: u64, key: &Arc<str>) {
        if let Some(log) = self.lines.get_mut(&line) {
            *log.sent.entry(Arc::clone(key)).or_default() += 1;
        }
    }

    pub(crate) fn touched(
        &mut self,
        touch: Touch,
        product: Product,
        line: Option<u64>,
        parcel: &Parcel,
        sent: Option<&Parcel>,
    ) {
        let sent = sent.map(Parcel::shown);
        let mark = Mark::Touched {
            line,
            touch: touch.name(),
            stream: &parcel.key,
            first: parcel.span.first,
            last: parcel.span.last,
            text: &parcel.shown(),
            sent: sent.as_deref(),
        };
        self.tape.mark(product, &mark);
        if self.touched.len() == TOUCHED_MAX {
            return;
        }
        self.touched.push(FaultRecord {
            touch,
            product,
            stream: parcel.key.to_string(),
            line,
            first: parcel.span.first,
            last: parcel.span.last,
            text: parcel.shown(),
        });
    }

    pub(crate) fn faults(&self) -> Vec<FaultRecord> {
        self.touched.clone()
    }

    /// All connections, with the streams of the open ones taken from `sessions`.
    pub(crate) fn lines(&self, sessions: &BTreeMap<u64, Session>) -> Vec<LineTruth> {
        let truth = |(line, log): (&u64, &LineLog)| LineTruth {
            line: *line,
            product: log.product,
            path: log.path.clone(),
            streams: match sessions.get(line) {
                Some(session) => session.subs.keys().map(ToString::to_string).collect(),
                None => log.streams.clone(),
            },
            sent: log
                .sent
                .iter()
                .map(|(key, count)| (key.to_string(), *count))
                .collect(),
            received: log.received,
            closed: log.closed.clone(),
        };
        self.lines.iter().map(truth).collect()
    }
}
