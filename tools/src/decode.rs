//! `feedctl decode`: recorded frames in, one JSON object per record out.
//!
//! The files are one session of one feed, in the order given: the same state machine as the
//! daemon's keeps the books, so a missing line shows as a gap here as it would there.

mod books;
mod input;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use feedd_codecs::feed::{FeedOptions, Meta, Outbox};
use feedd_codecs::instrument::Admission;
use feedd_codecs::venue::StreamOptions;
use feedd_codecs::{Feed, Record, Reject, Venue, VenueId, with_venue};
use feedd_storage::export::JsonLines;

use self::input::{Form, Frames, Taken};
use crate::exit::{Exit, Failure};
use crate::output::{Output, talk};
use crate::source::{self, is_damage};

/// Options of `feedctl decode`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The exchange that sent the frames
    #[arg(long, value_parser = ["binance", "bybit", "kraken"])]
    venue: String,
    /// The product family, as the exchange's own API divides them
    #[arg(long, value_parser = ["spot", "usdm", "coinm", "linear", "inverse", "option", "futures"])]
    product: String,
    /// Levels a side of the subscribed book view, where the venue offers several; 0 is the venue's
    /// default
    #[arg(long, value_name = "LEVELS", default_value_t = 0)]
    depth: u16,
    /// The input holds frames without receive stamps: one a line, or one in a whole file
    #[arg(long)]
    raw_frames: bool,
    /// Write the books as they stand after the last line into this file
    #[arg(long, value_name = "OUT.json")]
    final_books: Option<PathBuf>,
    /// Recordings of one session in order, `<ns> <frame>` a line, plain or gzip; `-` is standard
    /// input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Decodes the files; [`Exit::PROBLEMS`] if a line was rejected.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let id = VenueId::from_names(&args.venue, &args.product)
        .ok_or_else(|| unsupported(&args.venue, &args.product))?;
    args.files.iter().try_for_each(|file| source::check(file))?;
    with_venue!(id, V => Session::<V>::open(id, args)?.run(args))
}

fn unsupported(venue: &str, product: &str) -> Failure {
    let known: Vec<String> = VenueId::all()
        .map(|id| format!("{} {}", id.exchange(), id.product()))
        .collect();
    Failure::Usage(format!(
        "{venue} {product} is not decoded by this version; supported are: {}",
        known.join(", ")
    ))
}

/// One feed, and where its records go.
struct Session<V> {
    feed: Feed<V>,
    json: JsonLines,
    out: Output,
    frames: u64,
    problems: bool,
}

impl<V: Venue> Session<V> {
    fn open(id: VenueId, args: &Args) -> Result<Self, Failure> {
        let options = FeedOptions {
            stream: StreamOptions {
                book_depth: args.depth,
                ..StreamOptions::default()
            },
            admission: Admission::Any,
            first_line: 0,
            ..FeedOptions::default()
        };
        let feed = Feed::new(id, options).map_err(|reject| Failure::Usage(reject.to_string()))?;
        Ok(Self {
            feed,
            json: JsonLines::new(),
            out: Output::stdout(),
            frames: 0,
            problems: false,
        })
    }

    fn run(mut self, args: &Args) -> Result<Exit, Failure> {
        let form = if args.raw_frames {
            Form::Bare
        } else {
            Form::Stamped
        };
        let books = args.final_books.as_deref().map(books::create).transpose()?;
        for file in &args.files {
            self.file(file, form, books.is_some())?;
        }
        self.out.finish()?;
        if let (Some(mut file), Some(path)) = (books, &args.final_books) {
            books::write(&self.feed, &mut file)
                .and_then(|()| file.flush())
                .map_err(Failure::io("write", path))?;
        }
        Ok(if self.problems {
            Exit::PROBLEMS
        } else {
            Exit::OK
        })
    }

    /// Decodes a file. With nobody reading any more it is read on only if the books are wanted.
    fn file(&mut self, path: &Path, form: Form, to_the_end: bool) -> Result<(), Failure> {
        let mut frames = Frames::open(path, form)?;
        while to_the_end || !self.out.is_ended() {
            match frames.next() {
                Ok(Some(taken)) => self.take(path, taken),
                Ok(None) => break,
                Err(error) if is_damage(&error) => {
                    self.problem(path, frames.line(), "damaged", &error);
                    break;
                }
                Err(error) => return Err(Failure::io("read", path)(error)),
            }
        }
        Ok(())
    }

    fn take(&mut self, path: &Path, taken: Taken<'_>) {
        self.frames += 1;
        let meta = Meta {
            line: 0,
            frame: self.frames,
            ts_recv: taken.ts_recv,
            ts_kernel: 0,
            now: taken.ts_recv,
        };
        let outcome = match taken.frame {
            Some(frame) => self.decode(frame, meta),
            None => Err(Reject::TooLarge).inspect_err(|reject| self.feed.refuse(*reject)),
        };
        if let Err(reject) = outcome {
            self.problem(path, taken.line, reject.rule(), &reject);
        }
    }

    fn decode(&mut self, frame: &[u8], meta: Meta) -> Result<(), Reject> {
        let (json, out) = (&mut self.json, &mut self.out);
        let mut sink = |record: &Record<'_>| out.text(json.record(record, None));
        // A recording answers nobody: what the feed wants to send or fetch is dropped.
        self.feed
            .on_frame(frame, meta, &mut Outbox::default(), &mut sink)
    }

    fn problem(&mut self, path: &Path, line: u64, rule: &str, what: &dyn std::fmt::Display) {
        self.problems = true;
        talk(format_args!("{}:{line}: {rule}: {what}", path.display()));
    }
}
