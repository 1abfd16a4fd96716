//! Decodes messages of one class by one path, for callgrind to count:
//!
//! ```sh
//! benches/instructions.sh
//! ```

#[path = "../../benches/src/messages.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the benches, which use all of it"
)]
mod messages;

use feedd_codecs::instrument::Instruments;
use feedd_codecs::venue::StreamOptions;
use feedd_codecs::{Batch, Venue, with_venue};
use std::hint::black_box;
use std::process::ExitCode;

use messages::{Class, Generator};

/// Messages that warm up: enough for every usual form to have come.
const WARM: usize = 20_000;
/// Most messages whose instructions are counted.
const COUNTED_MAX: usize = 100_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let parsed = match arguments.as_slice() {
        [class, path, count] => Class::from_name(class)
            .zip(count.parse().ok())
            .map(|(class, count): (_, usize)| (class, path == "scanner", count.min(COUNTED_MAX))),
        _ => None,
    };
    let Some((class, scanner, count)) = parsed else {
        eprintln!("usage: decode_instructions <class> scanner|general <messages>");
        return ExitCode::from(64);
    };
    let mut generator = Generator::new(class);
    let mut instruments = generator.instruments();
    let messages: Vec<String> = (0..WARM + count).map(|_| generator.message()).collect();
    let (warm, counted) = messages.split_at(WARM);
    let id = class.venue();
    let items = with_venue!(id, V => {
        let mut venue = V::new(id, StreamOptions::default());
        let mut batch = Batch::default();
        run(&mut venue, &mut instruments, &mut batch, warm, scanner);
        counted_run(&mut venue, &mut instruments, &mut batch, counted, scanner)
    });
    println!("{items} items of {count} messages");
    ExitCode::SUCCESS
}

/// What callgrind collects: see `--toggle-collect` in the script.
#[inline(never)]
fn counted_run<V: Venue>(
    venue: &mut V,
    instruments: &mut Instruments,
    batch: &mut Batch,
    messages: &[String],
    scanner: bool,
) -> usize {
    run(venue, instruments, batch, messages, scanner)
}

#[inline(always)]
fn run<V: Venue>(
    venue: &mut V,
    instruments: &mut Instruments,
    batch: &mut Batch,
    messages: &[String],
    scanner: bool,
) -> usize {
    let mut items = 0;
    for message in messages {
        batch.clear();
        let frame = black_box(message.as_bytes());
        let decoded = if scanner {
            venue.decode(frame, instruments, batch)
        } else {
            venue.decode_general(frame, instruments, batch)
        };
        items += usize::from(decoded.is_ok()) * batch.items.len();
    }
    items
}
