//! Recorded traffic: lines of `<receive time, ns> <frame>`, sent once, in their order, at the pace
//! of the schedule.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::Source;
use crate::latency::Error;

/// Largest recording that is held in memory.
const BYTES_MAX: u64 = 1 << 30;

/// The frames of a recording.
#[derive(Clone, Debug)]
pub struct Recorded {
    frames: std::sync::Arc<[String]>,
    at: usize,
}

impl Recorded {
    /// Reads a recording, of which only frames are kept that contain one of `wanted`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be read.
    pub fn read(path: &Path, wanted: &[&str]) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::io("recording"))?;
        let mut frames = Vec::new();
        for line in BufReader::new(file.take(BYTES_MAX)).lines() {
            let line = line.map_err(Error::io("recording"))?;
            let frame = line.split_once(' ').map_or(line.as_str(), |parts| parts.1);
            if wanted.iter().any(|word| frame.contains(word)) {
                frames.push(frame.to_owned());
            }
        }
        Ok(Self {
            frames: frames.into(),
            at: 0,
        })
    }

    /// Frames that are left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.frames.len() - self.at
    }

    /// Whether none is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Source for Recorded {
    fn opening(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn next(&mut self, text: &mut String) -> bool {
        let frame = self.frames.get(self.at);
        text.push_str(frame.map_or("", String::as_str));
        self.at += 1;
        frame.is_some()
    }
}
