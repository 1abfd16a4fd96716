//! What the daemon asks of its host: each wish a configuration key, each answer reported.
//!
//! Nothing here is needed to capture. A wish that the host refuses is told with the reason and the
//! daemon goes on: the feed is worth more than its latency. All answers stand in one log event at
//! start, and in [`Pipeline::host`](crate::pipeline::Pipeline::host).

mod helpers;
mod memory;
mod thread;

use std::fmt;
use std::fs::File;
use std::io::Write;

use crate::config::HostConfig;

pub(crate) use helpers::Aside;
pub use helpers::Helpers;
pub(crate) use memory::touch_stack;
pub(crate) use thread::{Seat, settle};

/// Largest wake-up latency that the processors may take, in microseconds, while the file is open
/// (kernel documentation, `power/pm_qos_interface`).
const DMA_LATENCY: &str = "/dev/cpu_dma_latency";

/// What the host said to a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done; in which form.
    Granted(String),
    /// Not done; why.
    Refused(String),
}

/// A wish and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `memory_locked`, `cpu_latency`, or `THREAD.WISH` (`reader-0.core`).
    pub name: String,
    /// What the host said.
    pub answer: Answer,
}

impl Setting {
    pub(crate) fn granted(name: impl Into<String>, how: impl Into<String>) -> Self {
        let (name, answer) = (name.into(), Answer::Granted(how.into()));
        Self { name, answer }
    }

    pub(crate) fn refused(name: impl Into<String>, why: impl fmt::Display) -> Self {
        let (name, answer) = (name.into(), Answer::Refused(why.to_string()));
        Self { name, answer }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Answer::Granted(text) | Answer::Refused(text)) = &self.answer;
        write!(f, "{}: {text}", self.name)
    }
}

/// Every wish and its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order in which they were asked.
    pub settings: Vec<Setting>,
}

impl Report {
    /// What was said to the wish of that name; `None`: it was not asked.
    #[must_use]
    pub fn answer(&self, name: &str) -> Option<&Answer> {
        let mut settings = self.settings.iter();
        let found = settings.find(|setting| setting.name == name);
        found.map(|setting| &setting.answer)
    }

    /// One event with everything; a warning if something was refused.
    pub(crate) fn tell(&self) {
        let list = |granted: bool| {
            let matching = self
                .settings
                .iter()
                .filter(|setting| matches!(setting.answer, Answer::Granted(_)) == granted);
            let texts: Vec<String> = matching.map(ToString::to_string).collect();
            texts.join("; ")
        };
        let (granted, refused) = (list(true), list(false));
        if refused.is_empty() {
            tracing::info!(granted, "host");
        } else {
            tracing::warn!(granted, refused, "host: not all that was asked for");
        }
    }
}

/// What is held for as long as the daemon runs.
#[derive(Debug, Default)]
pub(crate) struct Host {
    pub(crate) report: Report,
    /// The processors stay awake while it is open.
    _awake: Option<File>,
}

impl Host {
    /// Asks for what concerns the whole process.
    pub(crate) fn ask(config: &HostConfig) -> Self {
        let mut settings = Vec::new();
        if config.lock_memory {
            settings.push(memory::lock());
        }
        let mut awake = None;
        if let Some(microseconds) = config.cpu_dma_latency_us {
            match stay_awake(microseconds) {
                Ok(file) => {
                    awake = Some(file);
                    settings.push(Setting::granted(
                        "cpu_latency",
                        format!("{microseconds} us"),
                    ));
                }
                Err(error) => {
                    let why = format!("{DMA_LATENCY}: {error}");
                    settings.push(Setting::refused("cpu_latency", why));
                }
            }
        }
        Self {
            report: Report { settings },
            _awake: awake,
        }
    }
}

fn stay_awake(microseconds: u32) -> std::io::Result<File> {
    let mut file = File::options().write(true).open(DMA_LATENCY)?;
    file.write_all(&microseconds.to_ne_bytes())?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_asked_that_the_configuration_does_not_name() {
        assert_eq!(Host::ask(&HostConfig::default()).report, Report::default());
    }

    #[test]
    fn every_wish_is_granted_in_fact_or_refused_with_a_reason() {
        let config = HostConfig {
            lock_memory: true,
            cpu_dma_latency_us: Some(20),
            ..HostConfig::default()
        };
        let host = Host::ask(&config);
        let report = &host.report;
        match report.answer("memory_locked").unwrap() {
            Answer::Granted(_) => {
                let status = std::fs::read_to_string("/proc/self/status").unwrap();
                let locked = status.lines().find(|line| line.starts_with("VmLck:"));
                assert!(!locked.unwrap().ends_with(" 0 kB"), "{locked:?}");
                rustix::mm::munlockall().unwrap();
            }
            Answer::Refused(why) => assert!(why.contains("MEMLOCK") || why.contains("mlockall")),
        }
        match report.answer("cpu_latency").unwrap() {
            Answer::Granted(how) => assert_eq!(how, "20 us"),
            Answer::Refused(why) => assert!(why.contains(DMA_LATENCY), "{why}"),
        }
        assert_eq!(report.settings.len(), 2);
    }
}
