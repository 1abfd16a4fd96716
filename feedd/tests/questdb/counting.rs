//! The journal counted against the server, as `feedctl reconcile` does.

use std::collections::BTreeSet;
use std::path::Path;

use feedctl::questdb::{Access, tally};
use feedd_codecs::record::Kind;
use feedd_storage::sink::DeadLetters;
use feedd_storage::sink::reconcile::{Difference, Tally, Terms, differences, journal};
use feedd_storage::{Cursor, LogKind, LogReader, Start};

use crate::pumping::SINK;
use crate::server::Server;

/// What journal and server hold of all that the sink acknowledged.
pub(crate) fn count(server: &Server, dir: &Path) -> (Tally, Tally) {
    let acked = Cursor::open(dir, SINK, LogKind::Records).unwrap().load();
    let all = (i64::MIN, i64::MAX);
    let (ours, extent) = journal(dir, SINK, all, acked.unwrap().unwrap(), Terms::Values).unwrap();
    let theirs = tally(&server.options().server, Access::default(), &extent).unwrap();
    (ours, theirs)
}

/// Where the server differs from the journal.
pub(crate) fn differing(server: &Server, dir: &Path) -> Vec<Difference> {
    let (ours, theirs) = count(server, dir);
    differences(&ours, &theirs)
}

/// The server has every record of the journal once, but for the dead letters. Returns their kinds.
pub(crate) fn assert_reconciled(server: &Server, dir: &Path) -> BTreeSet<&'static str> {
    let (ours, theirs) = count(server, dir);
    let found = differences(&ours, &theirs);
    assert!(
        found.is_empty(),
        "{} differ: {:#?}",
        found.len(),
        found.first()
    );
    let counted: u64 = theirs.values().map(|sums| sums.rows).sum();
    let dead = DeadLetters::read(dir, SINK).unwrap().len() as u64;
    let mut reader = LogReader::open(&dir.join("records"), Start::Oldest).unwrap();
    let mut records = 0;
    while reader.next().unwrap().is_some() {
        records += 1;
    }
    assert_eq!(
        counted + dead,
        records,
        "the sink did not acknowledge everything"
    );
    let kinds = theirs.keys().map(|key| Kind::of_template(key.template));
    kinds.map(|kind| kind.unwrap().name()).collect()
}
