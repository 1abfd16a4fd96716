//! A live journal read through a second mapping, beside the ring in memory.

use std::io;
use std::path::Path;

use feedd_storage::{Journal, LogReader, Start};
use zerocopy::IntoBytes;

use super::contenders::options;
use crate::clock::Scale;
use crate::rings::{self, Contender, Record, Rx, Tx};

struct Writer(Journal);

impl Tx for Writer {
    #[inline(always)]
    fn push(&mut self, record: &Record) -> bool {
        self.0.records().append(0, &[record.as_bytes()]).is_ok()
    }
}

struct Tail(LogReader);

impl Rx for Tail {
    #[inline(always)]
    fn take(&mut self, mut see: impl FnMut(&Record)) {
        while let Ok(Some(frame)) = self.0.next() {
            see(&Record::from_payload(frame.payload));
        }
    }
}

/// Prints the hand-over through the journal beside that of the ring.
pub fn run(dir: &Path, rounds: usize, cores: [usize; 2], scale: Scale) -> io::Result<()> {
    super::pin(cores[1]);
    let (journal, _) = Journal::open(dir, options(16 << 20)).map_err(io::Error::other)?;
    let reader = LogReader::open(&dir.join("records"), Start::Oldest).map_err(io::Error::other)?;
    let (Some(ring), Some(back)) = (rings::own::<1>(), rings::own::<1>()) else {
        return Ok(());
    };
    let Some(answers) = rings::own::<1>() else {
        return Ok(());
    };
    let field = vec![
        Contender::new("ring", ring, back),
        Contender::new(
            "journal, second mapping",
            (Writer(journal), vec![Tail(reader)]),
            answers,
        ),
    ];
    println!("## A live journal tailed through a second mapping\n");
    rings::paced(field, cores, rounds, scale);
    Ok(())
}
