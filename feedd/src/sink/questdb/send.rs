//! Connections that carry buffers of rows, each on a thread of its own, because a connection waits
//! for the server's answer while the next buffer is being filled.

use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender as Channel, bounded};
use feedd_storage::sink::Refusal;
use feedd_storage::sink::questdb::Transport;
use questdb::ErrorCode;
use questdb::ingress::{
    AckLevel, Buffer, ProtocolVersion, QwpWsErrorCategory, Sender, SenderBuilder,
};

use super::options::Options;

/// Buffers under way for each connection: one is sent while one waits.
const UNDER_WAY: usize = 2;

/// A buffer that is back, and what became of its rows.
pub(super) type Sent = (Buffer, Result<(), Refusal>);

/// Connections that share the work.
#[derive(Debug)]
pub(super) struct Connections {
    transport: Transport,
    /// Empty once closed.
    work: Option<Channel<Buffer>>,
    done: Receiver<Sent>,
    threads: Vec<JoinHandle<()>>,
    under_way: usize,
}

impl Connections {
    /// Makes the connections; each connects with its first buffer.
    ///
    /// # Errors
    ///
    /// [`Refusal::Transient`] where a thread, the credentials or the settings are at fault.
    pub(super) fn open(options: &Options, timeout: Duration) -> Result<Self, Refusal> {
        let credentials = options.read_credentials().map_err(Refusal::transient)?;
        let builder = options.sender(credentials.as_ref(), timeout);
        let builder = builder.map_err(|error| Refusal::transient(error.msg()))?;
        let room = options.connections * UNDER_WAY;
        let (work, orders) = bounded::<Buffer>(room);
        let (answers, done) = bounded(room);
        let start = |number| {
            let mut connection = Connection {
                transport: options.server.transport,
                builder: builder.clone(),
                timeout,
                sender: None,
            };
            let (orders, answers) = (orders.clone(), answers.clone());
            let serve = move || {
                for buffer in orders {
                    let outcome = connection.send(&buffer);
                    if answers.send((buffer, outcome)).is_err() {
                        break;
                    }
                }
            };
            let name = format!("questdb-{number}");
            thread::Builder::new().name(name).spawn(serve)
        };
        let threads = (0..options.connections).map(start);
        Ok(Self {
            transport: options.server.transport,
            work: Some(work),
            done,
            threads: threads
                .collect::<Result<_, _>>()
                .map_err(Refusal::transient)?,
            under_way: 0,
        })
    }

    /// An empty buffer for one table.
    pub(super) fn new_buffer(&self) -> Buffer {
        match self.transport {
            Transport::Ilp => Buffer::new(ProtocolVersion::V3),
            Transport::Qwp => Buffer::new_qwp_ws(),
        }
    }

    /// Sends a buffer; returns one that is back if there had to be waited for room.
    pub(super) fn send(&mut self, buffer: Buffer) -> Option<Sent> {
        let full = self.under_way >= self.threads.len() * UNDER_WAY;
        let back = full.then(|| self.receive()).flatten();
        if let Some(work) = &self.work
            && work.send(buffer).is_ok()
        {
            self.under_way += 1;
        }
        back
    }

    /// Waits for a buffer that is under way; nothing if there is none.
    pub(super) fn receive(&mut self) -> Option<Sent> {
        if self.under_way == 0 {
            return None;
        }
        self.under_way -= 1;
        self.done.recv().ok()
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.work = None;
        while self.receive().is_some() {}
        for thread in self.threads.drain(..) {
            // A thread that panicked has told so itself.
            let _ = thread.join();
        }
    }
}

/// One connection, made when it is needed.
struct Connection {
    transport: Transport,
    builder: SenderBuilder,
    timeout: Duration,
    sender: Option<Sender>,
}

impl Connection {
    /// Returns once the server has acknowledged all rows of `buffer`, which is left as it is.
    fn send(&mut self, buffer: &Buffer) -> Result<(), Refusal> {
        let outcome = self.try_send(buffer);
        if outcome.is_err() {
            // A QWP connection that was refused something takes nothing more.
            self.sender = None;
        }
        outcome.map_err(|error| refusal(self.transport, &error))
    }

    fn try_send(&mut self, buffer: &Buffer) -> questdb::Result<()> {
        let sender = match &mut self.sender {
            Some(sender) => sender,
            none => none.insert(self.builder.build()?),
        };
        match self.transport {
            // One request for one table is one transaction.
            Transport::Ilp => sender.flush_and_keep_with_flags(buffer, true),
            Transport::Qwp => {
                sender.flush_and_keep(buffer)?;
                sender.wait(AckLevel::Ok, self.timeout)
            }
        }
    }
}

/// Whether the rows are at fault, or the moment.
fn refusal(transport: Transport, error: &questdb::Error) -> Refusal {
    let text = error.msg();
    let of_rows = match transport {
        Transport::Ilp => {
            error.code() == ErrorCode::ServerFlushError
                && (text.contains("code: invalid") || text.contains("\"code\":\"invalid\""))
        }
        Transport::Qwp => {
            let category = error.qwp_ws_rejection().map(|rejection| rejection.category);
            error.code() == ErrorCode::BatchTooLarge
                || matches!(
                    category,
                    Some(QwpWsErrorCategory::SchemaMismatch | QwpWsErrorCategory::ParseError)
                )
        }
    };
    // A table or column that is not there, or of another type, is no fault of a row: every row
    // would go to the dead letters. It waits for whoever changed the table.
    let of_table = text.contains("does not exist") || text.contains("cast error");
    if of_rows && !of_table {
        Refusal::permanent(text)
    } else {
        Refusal::transient(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wrong_with_a_row_is_permanent() {
        let invalid = |text: &str| {
            let text = format!("{{\"code\":\"invalid\",\"message\":\"{text}\"}}");
            questdb::Error::new(ErrorCode::ServerFlushError, text)
        };
        let permanent = |error| matches!(refusal(Transport::Ilp, &error), Refusal::Permanent(_));
        assert!(permanent(invalid(
            "out bounds of column type: DECIMAL(38,18)"
        )));
        assert!(permanent(questdb::Error::new(
            ErrorCode::ServerFlushError,
            "bad line [id: 1, code: invalid, line: 2]"
        )));
        assert!(!permanent(invalid(
            "table does not exist, creating new tables is disabled"
        )));
        assert!(!permanent(invalid(
            "cast error from protocol type: STRING to LONG"
        )));
        for code in [
            ErrorCode::SocketError,
            ErrorCode::AuthError,
            ErrorCode::ServerFlushError,
        ] {
            assert!(!permanent(questdb::Error::new(code, "busy")));
        }
    }
}
