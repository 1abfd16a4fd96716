//! The thread that writes the budgets' file.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Budgets, Shared};
use crate::exit::{Code, Failure};

/// Longest sleep while nothing is due; a change wakes the thread.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// The thread that writes the file; [`Keeper::close`] writes it for the last time.
#[derive(Debug)]
pub struct Keeper {
    budgets: Budgets,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Writes the file now and from now on.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the thread cannot start.
    pub fn start(budgets: &Budgets) -> Result<Self, Failure> {
        let shared = Arc::clone(&budgets.0);
        let thread = std::thread::Builder::new()
            .name("budgets".to_owned())
            .spawn(move || keep(&shared))
            .map_err(|error| {
                Failure::new(
                    Code::Software,
                    format!("cannot start the thread of the budgets: {error}"),
                )
            })?;
        Ok(Self {
            budgets: budgets.clone(),
            thread: Some(thread),
        })
    }

    /// No booking any more; the file is complete.
    pub fn close(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        let shared = &self.budgets.0;
        shared.lock().closed = true;
        shared.changed.notify_one();
        // A thread that ended by a broken rule has already aborted the process.
        let _ = thread.join();
        shared.save(shared.lock());
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.end();
    }
}

fn keep(shared: &Shared) {
    loop {
        let pause = shared.save_if_due();
        let state = shared.lock();
        if state.closed {
            return;
        }
        if state.urgent || (pause.is_none() && state.dirty) {
            continue;
        }
        // Woken early or late: the next look tells what is due.
        let _ = shared
            .changed
            .wait_timeout(state, pause.unwrap_or(SLEEP_MAX));
    }
}
