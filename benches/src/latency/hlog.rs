//! Interval logs, one a venue: `feedctl hist` reads them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::V2Serializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use super::Error;
use super::table::Row;

/// Writes the histograms of `rows`, each with the tag `stage.party.transport.load`.
///
/// # Errors
///
/// [`Error`] if the file cannot be written.
pub fn write<'r>(
    path: &Path,
    rows: impl Iterator<Item = &'r Row>,
    duration: Duration,
) -> Result<(), Error> {
    let mut file = BufWriter::new(File::create(path).map_err(Error::io("interval log"))?);
    let mut serializer = V2Serializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("feedd latency harness, values in ns, maximum in ms")
        .with_start_time(SystemTime::now())
        .with_base_time(SystemTime::now())
        .with_max_value_divisor(1_000_000.0)
        .begin_log_with(&mut file, &mut serializer)
        .map_err(Error::io("interval log"))?;
    for row in rows {
        for (stage, histogram) in &row.outcome.stages {
            let tag = format!(
                "{}.{}.{}.{}",
                stage.name(),
                row.party,
                row.transport,
                row.load
            );
            log.write_histogram(histogram, Duration::ZERO, duration, Tag::new(&tag))
                .map_err(|error| Error::Other(format!("interval log: {error:?}")))?;
        }
    }
    drop(log);
    file.flush().map_err(Error::io("interval log"))
}
