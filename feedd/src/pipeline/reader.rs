//! A reader thread: one core, one ring, the feeds that share them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use feedd_codecs::{Feed, Venue, VenueId, with_venue};
use feedd_ringbuf::{Cursor, Producer, RingError};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::MissedTickBehavior;

use super::carry::{Carried, Hands};
use super::driver::{Driver, DriverParts};
use super::hub::Hub;
use super::latency::{Interval, Recorder};
use super::past::Past;
use super::publisher::Publisher;
use super::report::SharedReport;
use super::spin::Spin;
use crate::clock;
use crate::config::{Config, FeedConfig};
use crate::exit::Failure;
use crate::host::{self, Helpers};
use crate::roster::Roster;
use crate::session::budget::Budgets;
use crate::session::connect::Dialer;
use crate::session::names::Names;
use crate::session::rest::{self, Rest};

/// How often the state machines see the time.
const TICK: Duration = Duration::from_millis(50);
/// Line numbers of each feed: the first stands for its REST bodies.
const LINES_A_FEED: u16 = 1000;
/// How long lines may take to say goodbye.
const GOODBYE: Duration = Duration::from_millis(1_500);

/// A feed's place on a reader.
pub(super) struct Seat {
    index: u32,
    config: FeedConfig,
    roster: Vec<String>,
    report: Arc<SharedReport>,
}

impl Seat {
    pub(super) fn new(
        at: usize,
        config: &FeedConfig,
        roster: &Roster,
        report: Arc<SharedReport>,
    ) -> Self {
        let venue = config
            .venue_id()
            .map(|id| id.to_string())
            .unwrap_or_default();
        Self {
            index: u32::try_from(at).unwrap_or(u32::MAX),
            config: config.clone(),
            roster: roster.symbols(&venue).to_vec(),
            report,
        }
    }
}

/// What a reader thread is made of.
pub(super) struct Parts {
    pub(super) number: usize,
    pub(super) seat: host::Seat,
    /// Lines of its ring.
    pub(super) ring: usize,
    /// Where it tells that it is settled, with the ring's other end.
    pub(super) settled: Sender<Settled>,
    pub(super) seats: Vec<Seat>,
    pub(super) config: Config,
    pub(super) run: u32,
    /// Whether the run before ended unannounced.
    pub(super) interrupted: bool,
    /// Where it stood in each stream of trades.
    pub(super) past: Arc<Past>,
    pub(super) roster: Arc<Mutex<Roster>>,
    pub(super) dialer: Dialer,
    pub(super) names: Names,
    pub(super) helpers: Helpers,
    pub(super) budgets: Budgets,
    pub(super) checkpoints: Arc<AtomicU64>,
    pub(super) intervals: Sender<Interval>,
    pub(super) stopped: watch::Receiver<bool>,
    pub(super) rest_stopping: Receiver<()>,
    /// How it comes to the journal's work, if it is the one that carries it.
    pub(super) hands: Option<Hands>,
}

/// A reader in its place.
pub(super) struct Settled {
    pub(super) cursor: Result<Cursor, RingError>,
    pub(super) settings: Vec<host::Setting>,
}

/// Runs the feeds of one reader until the stop signal.
///
/// The ring is made here, on the thread's own core: its memory is of that core's node.
pub(super) fn run(parts: Parts) {
    let settings = host::settle(&parts.seat, &parts.config.host);
    let (producer, cursor) = match feedd_ringbuf::ring::<1>(parts.ring) {
        Ok((producer, [cursor])) => (Some(producer), Ok(cursor)),
        Err(error) => (None, Err(error)),
    };
    // Nobody waits for it only if the program ends.
    let _ = parts.settled.send(Settled { cursor, settings });
    let Some(producer) = producer else { return };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => LocalSet::new().block_on(&runtime, serve(parts, producer)),
        Err(error) => {
            tracing::error!(reader = parts.number, %error, "no event loop: this reader captures nothing")
        }
    }
}

async fn serve(mut parts: Parts, producer: Producer) {
    let seats = std::mem::take(&mut parts.seats);
    let mut stopped = parts.stopped.clone();
    let spins = seats.iter().any(|seat| seat.config.spins());
    let carried = parts.hands.map(|hands| Rc::new(Carried::new(hands)));
    let spin = spins.then(|| Rc::new(Spin::carrying(carried.clone())));
    let wait = parts.config.limits.ring_full_wait.0;
    let intervals = parts.intervals;
    let publisher = Publisher::new(producer, wait, spins, parts.roster).carrying(carried);
    let publisher = Rc::new(RefCell::new(publisher));
    let common = Common {
        config: parts.config,
        run: parts.run,
        interrupted: parts.interrupted,
        past: parts.past,
        dialer: parts.dialer,
        names: parts.names,
        helpers: parts.helpers,
        budgets: parts.budgets,
        checkpoints: parts.checkpoints,
        intervals,
        stopped: parts.stopped,
        rest_stopping: parts.rest_stopping,
        publisher,
        spin: spin.clone(),
    };
    let mut keepers = Vec::new();
    for seat in seats {
        let Some(id) = seat.config.venue_id() else {
            continue;
        };
        let started = with_venue!(id, V => start::<V>(id, seat, &common));
        match started {
            Ok(keeper) => keepers.push(keeper),
            Err(failure) => tracing::error!(venue = %id, %failure, "feed not started"),
        }
    }
    drop(common);
    let end = async {
        // An error means that the sender is gone: that is a stop as well.
        let _ = stopped.wait_for(|stop| *stop).await;
        for keeper in keepers {
            let _ = tokio::time::timeout(GOODBYE, keeper).await;
        }
    };
    match spin {
        None => end.await,
        // What lines use of the event loop must not make them wait for their turn.
        Some(spin) => tokio::select! {
            () = tokio::task::unconstrained(spin.run()) => {}
            () = end => {}
        },
    }
}

/// What all feeds of a reader share.
struct Common {
    config: Config,
    run: u32,
    interrupted: bool,
    past: Arc<Past>,
    dialer: Dialer,
    names: Names,
    helpers: Helpers,
    budgets: Budgets,
    checkpoints: Arc<AtomicU64>,
    intervals: Sender<Interval>,
    stopped: watch::Receiver<bool>,
    rest_stopping: Receiver<()>,
    publisher: Rc<RefCell<Publisher>>,
    /// Where the lines are polled, if the reader spins.
    spin: Option<Rc<Spin>>,
}

/// Starts one feed; the task ends after the stop signal, when its lines have closed.
fn start<V: Venue + 'static>(
    id: VenueId,
    seat: Seat,
    common: &Common,
) -> Result<JoinHandle<()>, Failure> {
    let first_line = u16::try_from(seat.index)
        .unwrap_or(u16::MAX)
        .saturating_mul(LINES_A_FEED);
    let options = seat.config.feed_options(first_line + 1);
    let mut feed: Feed<V> = Feed::resume(id, &seat.roster, options)
        .map_err(|reject| Failure::new(crate::exit::Code::Config, format!("{id}: {reject}")))?;
    if common.interrupted {
        feed.interrupted();
        common.past.of(id).for_each(|trade| feed.remember(trade));
    }
    let facts = feed.facts();
    let (answers, answered) = mpsc::unbounded_channel();
    let rest_url = seat
        .config
        .rest_url
        .clone()
        .unwrap_or_else(|| facts.rest_url.to_owned());
    let ws_url = seat
        .config
        .ws_url
        .clone()
        .unwrap_or_else(|| facts.ws_url.to_owned());
    let connects = common.budgets.connects(id, &ws_url, facts);
    let rest = Rest::start(rest::Parts {
        venue: id,
        base: &rest_url,
        budget: common.budgets.requests(id, &rest_url, facts),
        names: common.names.clone(),
        helpers: common.helpers.clone(),
        config: &common.config,
        answers,
        stopping: common.rest_stopping.clone(),
    })?;
    let silence = common
        .config
        .limits
        .silence
        .map_or(facts.silence_max, crate::config::Span::nanos);
    let driver = Driver::new(DriverParts {
        feed,
        venue: id,
        index: seat.index,
        rest_line: first_line,
        run: common.run,
        keep_raw: common.config.journal.raw,
        recorder: Recorder::new(id, clock::mono(), common.intervals.clone()),
    });
    let hub = Rc::new(Hub {
        venue: id,
        ws_url,
        own_urls: seat.config.ws_url.is_none(),
        api_key_file: seat.config.api_key_file.clone(),
        token_file: seat.config.token_file.clone(),
        dialer: common.dialer.wired(seat.config.wire_options()),
        limits: common.config.limits.clone(),
        silence,
        connects,
        stopped: common.stopped.clone(),
        rest,
        driver: RefCell::new(driver),
        publisher: Rc::clone(&common.publisher),
        lines: RefCell::new(HashMap::new()),
        tasks: RefCell::new(Vec::new()),
        spin: common.spin.clone(),
    });
    hub.start();
    let checkpoints = Arc::clone(&common.checkpoints);
    Ok(tokio::task::spawn_local(keep(
        hub,
        seat.report,
        checkpoints,
        answered,
    )))
}

/// A feed's housekeeping: time, REST answers, and the end.
async fn keep<V: Venue + 'static>(
    hub: Rc<Hub<V>>,
    report: Arc<SharedReport>,
    checkpoints: Arc<AtomicU64>,
    mut answered: mpsc::UnboundedReceiver<crate::session::rest::Answer>,
) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stopped = hub.stopped.clone();
    loop {
        tokio::select! {
            _ = tick.tick() => {
                let seen = checkpoints.load(Ordering::Relaxed);
                hub.driver.borrow_mut().on_tick(seen, &mut hub.publisher.borrow_mut(), &report);
                hub.execute();
            }
            Some(answer) = answered.recv() => hub.on_answer(answer),
            _ = stopped.wait_for(|stop| *stop) => break,
        }
    }
    let tasks = hub.tasks.take();
    for task in tasks {
        // A line that ended by a broken rule has already aborted the process.
        let _ = task.await;
    }
    hub.driver
        .borrow_mut()
        .finish(&mut hub.publisher.borrow_mut(), &report);
}
