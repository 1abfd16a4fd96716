//! The rings, each behind the same two calls: push one record, take what is there.
//!
//! Each is used as its own documentation advises for the lowest latency; waiting is a bare spin in every case.

use disruptor::{BusySpin, Polling};
use ringbuf::traits::{Consumer as _, Producer as _, Split as _};
use zerocopy::IntoBytes;

use super::blocks::{Contender, Rx, Tx};
use super::record::Record;

/// Slots of every ring.
const SLOTS: usize = 4096;

/// Lines of ours for as many records: a frame of a header and 64 bytes takes two.
const LINES: usize = 2 * SLOTS;

/// One of our ends.
pub struct Own<T>(T);

/// Our ring's two sides.
type OwnEnds = (
    Own<feedd_ringbuf::Producer>,
    Vec<Own<feedd_ringbuf::Cursor>>,
);

impl Tx for Own<feedd_ringbuf::Producer> {
    #[inline(always)]
    fn push(&mut self, record: &Record) -> bool {
        self.0.try_push(0, &[record.as_bytes()]).is_ok()
    }
}

impl Rx for Own<feedd_ringbuf::Cursor> {
    #[inline(always)]
    fn take(&mut self, mut see: impl FnMut(&Record)) {
        for frame in self.0.frames(SLOTS) {
            see(&Record::from_payload(frame.payload));
        }
    }
}

/// A ring of ours.
pub fn own<const READERS: usize>() -> Option<OwnEnds> {
    let (producer, cursors) = feedd_ringbuf::ring::<READERS>(LINES).ok()?;
    Some((Own(producer), cursors.into_iter().map(Own).collect()))
}

struct Rtrb<T>(T);

impl Tx for Rtrb<Vec<rtrb::Producer<Record>>> {
    #[inline(always)]
    fn push(&mut self, record: &Record) -> bool {
        let full = self.0.iter().any(rtrb::Producer::is_full);
        !full && self.0.iter_mut().all(|ring| ring.push(*record).is_ok())
    }
}

impl Tx for Rtrb<rtrb::Producer<Record>> {
    #[inline(always)]
    fn push(&mut self, record: &Record) -> bool {
        self.0.push(*record).is_ok()
    }
}

impl Rx for Rtrb<rtrb::Consumer<Record>> {
    #[inline(always)]
    fn take(&mut self, mut see: impl FnMut(&Record)) {
        while let Ok(record) = self.0.pop() {
            see(&record);
        }
    }
}

struct Disruptor<T>(T);

impl<P: disruptor::Producer<Record> + Send> Tx for Disruptor<P> {
    #[inline(always)]
    fn push(&mut self, record: &Record) -> bool {
        self.0.try_publish(|slot| *slot = *record).is_ok()
    }
}

type Poller = disruptor::EventPoller<Record, disruptor::SingleProducerBarrier>;

impl Rx for Disruptor<Poller> {
    #[inline(always)]
    fn take(&mut self, mut see: impl FnMut(&Record)) {
        match self.0.poll() {
            Ok(mut events) => (&mut events).for_each(&mut see),
            Err(Polling::NoEvents | Polling::Shutdown) => {}
        }
    }
}

fn disruptor_one() -> (impl Tx, Vec<Disruptor<Poller>>) {
    let builder = disruptor::build_single_producer(SLOTS, Record::default, BusySpin);
    let (poller, builder) = builder.new_event_poller();
    (Disruptor(builder.build()), vec![Disruptor(poller)])
}

fn disruptor_three() -> (impl Tx, Vec<Disruptor<Poller>>) {
    let builder = disruptor::build_single_producer(SLOTS, Record::default, BusySpin);
    let (first, builder) = builder.new_event_poller();
    let (second, builder) = builder.new_event_poller();
    let (third, builder) = builder.new_event_poller();
    let pollers = [first, second, third].map(Disruptor);
    (Disruptor(builder.build()), pollers.into())
}

struct Ringbuf<T>(T);

impl Tx for Ringbuf<ringbuf::HeapProd<Record>> {
    #[inline(always)]
    fn push(&mut self, record: &Record) -> bool {
        self.0.try_push(*record).is_ok()
    }
}

impl Rx for Ringbuf<ringbuf::HeapCons<Record>> {
    #[inline(always)]
    fn take(&mut self, mut see: impl FnMut(&Record)) {
        while let Some(record) = self.0.try_pop() {
            see(&record);
        }
    }
}

struct Queue(std::sync::Arc<crossbeam_queue::ArrayQueue<Record>>);

impl Tx for Queue {
    #[inline(always)]
    fn push(&mut self, record: &Record) -> bool {
        self.0.push(*record).is_ok()
    }
}

impl Rx for Queue {
    #[inline(always)]
    fn take(&mut self, mut see: impl FnMut(&Record)) {
        while let Some(record) = self.0.pop() {
            see(&record);
        }
    }
}

struct Channels<T>(T);

impl Tx for Channels<Vec<crossbeam_channel::Sender<Record>>> {
    #[inline(always)]
    fn push(&mut self, record: &Record) -> bool {
        let full = self.0.iter().any(crossbeam_channel::Sender::is_full);
        !full
            && self
                .0
                .iter()
                .all(|channel| channel.try_send(*record).is_ok())
    }
}

impl Rx for Channels<crossbeam_channel::Receiver<Record>> {
    #[inline(always)]
    fn take(&mut self, mut see: impl FnMut(&Record)) {
        while let Ok(record) = self.0.try_recv() {
            see(&record);
        }
    }
}

struct Mpsc<T>(T);

impl Tx for Mpsc<std::sync::mpsc::SyncSender<Record>> {
    #[inline(always)]
    fn push(&mut self, record: &Record) -> bool {
        self.0.try_send(*record).is_ok()
    }
}

impl Rx for Mpsc<std::sync::mpsc::Receiver<Record>> {
    #[inline(always)]
    fn take(&mut self, mut see: impl FnMut(&Record)) {
        while let Ok(record) = self.0.try_recv() {
            see(&record);
        }
    }
}

fn rtrb_one() -> (
    Rtrb<rtrb::Producer<Record>>,
    Vec<Rtrb<rtrb::Consumer<Record>>>,
) {
    let (tx, rx) = rtrb::RingBuffer::new(SLOTS);
    (Rtrb(tx), vec![Rtrb(rx)])
}

fn ringbuf_one() -> (
    Ringbuf<ringbuf::HeapProd<Record>>,
    Vec<Ringbuf<ringbuf::HeapCons<Record>>>,
) {
    let (tx, rx) = ringbuf::HeapRb::new(SLOTS).split();
    (Ringbuf(tx), vec![Ringbuf(rx)])
}

fn queue_one() -> (Queue, Vec<Queue>) {
    let queue = std::sync::Arc::new(crossbeam_queue::ArrayQueue::new(SLOTS));
    (Queue(queue.clone()), vec![Queue(queue)])
}

type ChannelEnds = (
    Channels<Vec<crossbeam_channel::Sender<Record>>>,
    Vec<Channels<crossbeam_channel::Receiver<Record>>>,
);

fn channels(count: usize) -> ChannelEnds {
    let (tx, rx): (Vec<_>, Vec<_>) = (0..count)
        .map(|_| crossbeam_channel::bounded(SLOTS))
        .unzip();
    (Channels(tx), rx.into_iter().map(Channels).collect())
}

fn mpsc_one() -> (
    Mpsc<std::sync::mpsc::SyncSender<Record>>,
    Vec<Mpsc<std::sync::mpsc::Receiver<Record>>>,
) {
    let (tx, rx) = std::sync::mpsc::sync_channel(SLOTS);
    (Mpsc(tx), vec![Mpsc(rx)])
}

/// One writer, one reader. Ours comes first.
pub fn one_to_one() -> Option<Vec<Contender>> {
    Some(vec![
        Contender::new("own", own::<1>()?, own::<1>()?),
        Contender::new("rtrb", rtrb_one(), rtrb_one()),
        Contender::new("disruptor (poller)", disruptor_one(), disruptor_one()),
        Contender::new("ringbuf crate", ringbuf_one(), ringbuf_one()),
        Contender::new("crossbeam ArrayQueue", queue_one(), queue_one()),
        Contender::new("crossbeam channel", channels(1), channels(1)),
        Contender::new("std mpsc (bounded)", mpsc_one(), mpsc_one()),
    ])
}

/// One writer, three readers, polled in turn on one core. Ours comes first.
pub fn one_to_three() -> Option<Vec<Contender>> {
    let (tx, rx): (Vec<_>, Vec<_>) = (0..3).map(|_| rtrb::RingBuffer::new(SLOTS)).unzip();
    let rtrb_three = (Rtrb(tx), rx.into_iter().map(Rtrb).collect());
    Some(vec![
        Contender::new("own", own::<3>()?, own::<1>()?),
        Contender::new("disruptor (poller) x3", disruptor_three(), disruptor_one()),
        Contender::new("rtrb x3", rtrb_three, rtrb_one()),
        Contender::new("crossbeam channel x3", channels(3), channels(1)),
    ])
}
