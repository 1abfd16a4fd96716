//! A feed, its sockets and its REST worker, on one reader thread.
//!
//! Everything here lives on one thread: the tasks of a reader take turns, so a `RefCell` is never
//! borrowed twice, and no borrow is held across an await.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use feedd_codecs::feed::{CloseReason, Intent};
use feedd_codecs::raw::Carrier;
use feedd_codecs::{Reject, Venue, VenueId};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::driver::Driver;
use super::publisher::Publisher;
use crate::config::LimitConfig;
use crate::session::budget::Budget;
use crate::session::connect::Dialer;
use crate::session::line;
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
}

impl<V: Venue + 'static> Hub<V> {
    /// Begins: reference data, then lines.
    pub(super) fn start(self: &Rc<Self>) {
        self.driver.borrow_mut().start();
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

    #[inline]
    pub(crate) fn on_text(self: &Rc<Self>, line: u16, frame: &[u8]) {
        let mut driver = self.driver.borrow_mut();
        driver.on_text(line, frame, &mut self.publisher.borrow_mut());
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
                Intent::Connect { line, path } => self.connect(line, path),
                Intent::Send { line, text } => self.command(line, Command::Text(text)),
                Intent::Close { line, reason } => self.command(line, Command::Close(reason)),
                Intent::Fetch(fetch) => self.rest.fetch(fetch),
            }
        }
    }

    fn connect(self: &Rc<Self>, line: u16, path: String) {
        let (sender, commands) = mpsc::channel(COMMANDS);
        self.lines.borrow_mut().insert(line, sender);
        let task = tokio::task::spawn_local(line::run(Rc::clone(self), line, path, commands));
        self.tasks.borrow_mut().push(task);
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
