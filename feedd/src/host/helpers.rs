//! Threads that are no reader's.
//!
//! A thread inherits the cores and the priority of the one that starts it. A helper that a pinned reader
//! started would share its core: it would take that core away from a reader that spins, or, behind one
//! of `SCHED_FIFO`, never have it. So helpers are started by a thread that itself keeps off those cores.

use std::fmt;

use crossbeam_channel::{Sender, unbounded};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::Setting;
use crate::exit::{Code, Failure};

/// While it lives, the calling thread keeps off the readers' cores, and so does what it starts.
#[derive(Debug)]
pub(crate) struct Aside {
    /// Its cores before; `None` where they stayed.
    before: Option<CpuSet>,
}

impl Aside {
    /// Leaves the readers' cores; what the host said to that, where readers have cores.
    pub(crate) fn from(reader_cores: &[usize]) -> (Self, Option<Setting>) {
        let stayed = |why: &dyn fmt::Display| {
            let setting = Setting::refused("others.cores", why);
            (Self { before: None }, Some(setting))
        };
        if reader_cores.is_empty() {
            return (Self { before: None }, None);
        }
        let before = match sched_getaffinity(None) {
            Ok(before) => before,
            Err(error) => return stayed(&error),
        };
        let mut others = before;
        for &core in reader_cores.iter().filter(|core| **core < CpuSet::MAX_CPU) {
            others.unset(core);
        }
        if others.count() == 0 {
            return stayed(&"every core of this process is a reader's");
        }
        if let Err(error) = sched_setaffinity(None, &others) {
            return stayed(&error);
        }
        let setting = Setting::granted("others.cores", list(&others));
        let aside = Self {
            before: Some(before),
        };
        (aside, Some(setting))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // A core that is gone since then: what is left of them stays.
            let _ = sched_setaffinity(None, before);
        }
    }
}

/// The cores of a set, as `taskset -c` takes them.
fn list(cores: &CpuSet) -> String {
    let set = (0..CpuSet::MAX_CPU).filter(|core| cores.is_set(*core));
    let texts: Vec<String> = set.map(|core| core.to_string()).collect();
    texts.join(",")
}

/// A thread to be started.
struct Job {
    name: String,
    body: Box<dyn FnOnce() + Send>,
}

/// Starts threads where the thread that made it may run.
#[derive(Clone, Debug)]
pub struct Helpers(Sender<Job>);

impl Helpers {
    /// Its thread ends with the last of its clones.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the thread cannot start.
    pub fn start() -> Result<Self, Failure> {
        let (jobs, asked) = unbounded::<Job>();
        let serve = move || {
            for Job { name, body } in asked {
                let started = std::thread::Builder::new().name(name.clone()).spawn(body);
                if let Err(error) = started {
                    tracing::error!(name, %error, "cannot start a thread");
                }
            }
        };
        std::thread::Builder::new()
            .name("helpers".to_owned())
            .spawn(serve)
            .map_err(|error| {
                Failure::new(
                    Code::Software,
                    format!("cannot start the thread of the helpers: {error}"),
                )
            })?;
        Ok(Self(jobs))
    }

    /// Starts a thread; waits for nothing. One that cannot start is told in the log, and its `body` dropped.
    pub fn spawn(&self, name: impl Into<String>, body: impl FnOnce() + Send + 'static) {
        let (name, body) = (name.into(), Box::new(body));
        // It serves until the last of its clones is gone.
        let _ = self.0.send(Job { name, body });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Answer;
    use crossbeam_channel::bounded;
    use std::time::Duration;

    fn cores() -> Vec<usize> {
        let set = sched_getaffinity(None).unwrap();
        (0..CpuSet::MAX_CPU)
            .filter(|core| set.is_set(*core))
            .collect()
    }

    /// On a thread of its own: what it changes ends with it.
    fn alone<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
        std::thread::spawn(body).join().unwrap()
    }

    #[test]
    fn what_a_pinned_thread_has_helpers_start_keeps_off_its_core() {
        alone(|| {
            let all = cores();
            let (Some(&core), true) = (all.last(), all.len() > 1) else {
                eprintln!("skipped: this process has one core");
                return;
            };
            let (aside, setting) = Aside::from(&[core]);
            let others: Vec<usize> = all.iter().copied().filter(|one| *one != core).collect();
            let texts: Vec<String> = others.iter().map(ToString::to_string).collect();
            assert_eq!(setting.unwrap().answer, Answer::Granted(texts.join(",")));
            let helpers = Helpers::start().unwrap();
            drop(aside);
            assert_eq!(cores(), all, "the starting thread has its cores back");
            let pinned = std::thread::spawn(move || {
                assert!(core_affinity::set_for_current(core_affinity::CoreId {
                    id: core
                }));
                let (sender, receiver) = bounded(1);
                helpers.spawn("helper", move || {
                    let name = std::thread::current().name().map(str::to_owned);
                    sender.send((name, cores())).unwrap();
                });
                receiver.recv_timeout(Duration::from_secs(10)).unwrap()
            });
            let (name, found) = pinned.join().unwrap();
            assert_eq!((name.as_deref(), found), (Some("helper"), others));
        });
    }

    #[test]
    fn a_process_without_another_core_stays_and_says_so() {
        alone(|| {
            let all = cores();
            let (_aside, setting) = Aside::from(&all);
            let answer = setting.unwrap().answer;
            assert!(
                matches!(&answer, Answer::Refused(why) if why.contains("every core")),
                "{answer:?}"
            );
            assert_eq!(cores(), all);
            assert!(Aside::from(&[]).1.is_none());
        });
    }
}
