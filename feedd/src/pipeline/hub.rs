//! A feed, its sockets and its REST worker, on one reader thread.
//!
//! Everything here lives on one thread: the tasks of a reader take turns, so a `RefCell` is never
//! borrowed twice, and no borrow is held across an await.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use feedd_codecs::feed::{CloseReason, Intent};
use feedd_codecs::raw::Carrier;
use feedd_codecs::{Reject, Venue, VenueId};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::driver::Driver;
use super::publisher::Publisher;
use super::spin::Spin;
use crate::config::LimitConfig;
use crate::session::budget::Budget;
use crate::session::connect::Dialer;
use crate::session::line;
use crate::session::pace::Pace;
use crate::session::rest::{Answer, Rest};

/// Messages waiting for one line: the subscriptions of a full line, at one a message.
const COMMANDS: usize = 4096;

/// What a line's task is told.
#[derive(Debug)]
pub(crate) enum Command {
    /// Send this text.
    Text(String),
    /// Close, pause, connect again.
    Close(CloseReason),
}

/// A feed with everything around it.
pub(crate) struct Hub<V> {
    pub(crate) venue: VenueId,
    pub(crate) ws_url: String,
    /// Whether paths that the real venue serves elsewhere are dialled there.
    pub(crate) own_urls: bool,
    pub(crate) api_key_file: Option<PathBuf>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) dialer: Dialer,
    pub(crate) limits: LimitConfig,
    pub(crate) silence: i64,
    /// Connection attempts, shared with all who connect to the same host.
    pub(crate) connects: Budget,
    pub(crate) stopped: watch::Receiver<bool>,
    pub(super) rest: Rest,
    pub(super) driver: RefCell<Driver<V>>,
    pub(super) publisher: Rc<RefCell<Publisher>>,
    pub(super) lines: RefCell<HashMap<u16, mpsc::Sender<Command>>>,
    pub(super) tasks: RefCell<Vec<JoinHandle<()>>>,
    /// Where lines are polled that do not park.
    pub(super) spin: Option<Rc<Spin>>,
}

impl<V: Venue + 'static> Hub<V> {
    /// Begins: reference data, then lines.
    pub(super) fn start(self: &Rc<Self>) {
        self.driver
            .borrow_mut()
            .start(&mut self.publisher.borrow_mut());
        self.execute();
    }

    pub(crate) fn on_open(self: &Rc<Self>, line: u16) {
        self.driver
            .borrow_mut()
            .on_open(line, &mut self.publisher.borrow_mut());
        self.execute();
    }

    pub(crate) fn on_close(self: &Rc<Self>, line: u16, reason: &str) {
        self.driver
            .borrow_mut()
            .on_close(line, reason, &mut self.publisher.borrow_mut());
        self.execute();
    }

    pub(crate) fn on_stop(&self, line: u16) {
        self.driver
            .borrow_mut()
            .on_stop(line, &mut self.publisher.borrow_mut());
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        let driver = self.driver.borrow();
        let own = driver.feed.venue().own_url(path);
        own.filter(|_| self.own_urls)
            .map_or_else(|| format!("{}{path}", self.ws_url), str::to_owned)
    }

    /// How often a line sends a WebSocket ping frame, if the venue wants it.
    pub(crate) fn frame_ping_every(&self) -> Option<Duration> {
        let every = self.driver.borrow().feed.venue().frame_ping_every();
        (every > 0).then(|| Duration::from_nanos(every.unsigned_abs()))
    }

    pub(crate) fn set_token(&self, token: &str) {
        self.driver.borrow_mut().set_token(token);
    }

    #[inline]
    pub(crate) fn on_frame(
        self: &Rc<Self>,
        line: u16,
        carrier: Carrier,
        ts_kernel: i64,
        frame: &[u8],
    ) {
        let mut driver = self.driver.borrow_mut();
        driver.on_frame(
            line,
            carrier,
            ts_kernel,
            frame,
            &mut self.publisher.borrow_mut(),
        );
        let wants = driver.has_intents();
        drop(driver);
        if wants {
            self.execute();
        }
    }

    pub(crate) fn on_refused(&self, line: u16, carrier: Carrier, frame: &[u8], reject: Reject) {
        self.driver.borrow_mut().on_refused(
            line,
            carrier,
            frame,
            reject,
            &mut self.publisher.borrow_mut(),
        );
    }

    pub(super) fn on_answer(self: &Rc<Self>, answer: Answer) {
        self.driver.borrow_mut().on_answer(
            answer.want,
            answer.body,
            &mut self.publisher.borrow_mut(),
        );
        self.execute();
    }

    /// Does what the feed wants.
    pub(super) fn execute(self: &Rc<Self>) {
        let intents: Vec<Intent> = self.driver.borrow_mut().intents().collect();
        for intent in intents {
            match intent {
                Intent::Connect {
                    line,
                    replica,
                    path,
                } => self.connect(line, replica, path),
                // Its task ends when nobody can tell it anything any more.
                Intent::Retire { line } => drop(self.lines.borrow_mut().remove(&line)),
                Intent::Send { line, text } => self.command(line, Command::Text(text)),
                Intent::Close { line, reason } => self.command(line, Command::Close(reason)),
                Intent::Fetch(fetch) => self.rest.fetch(fetch),
            }
        }
    }

    fn connect(self: &Rc<Self>, line: u16, replica: u8, path: String) {
        let (sender, commands) = mpsc::channel(COMMANDS);
        self.lines.borrow_mut().insert(line, sender);
        let run = |pace| line::run(Rc::clone(self), (line, replica), path, commands, pace);
        let task = match &self.spin {
            Some(spin) => spin.spawn(run),
            None => tokio::task::spawn_local(run(Pace::park())),
        };
        let mut tasks = self.tasks.borrow_mut();
        tasks.retain(|task| !task.is_finished());
        tasks.push(task);
    }

    /// A line that does not take its messages is stuck: its silence deadline ends it.
    fn command(&self, line: u16, command: Command) {
        if let Some(sender) = self.lines.borrow().get(&line)
            && sender.try_send(command).is_err()
        {
            tracing::warn!(venue = %self.venue, line, "a line does not take messages");
        }
    }
}
