//! What is done with a ring in one block: paced, ping-pong, or as fast as it goes.
//!
//! A ring has a *near* side (the writer, and the reader of answers) and a *far* side. Both walk through the same list
//! of blocks in step.

use crate::clock::ticks;

use super::record::Record;

/// The writing end of a ring.
pub trait Tx: Send {
    /// Pushes one record; false when there is no room.
    fn push(&mut self, record: &Record) -> bool;
}

/// The reading end of a ring.
pub trait Rx: Send {
    /// Takes the records that are there.
    fn take(&mut self, see: impl FnMut(&Record));
}

/// A kind of block, with the records it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A record every so many ticks.
    Paced { records: u64, interval: u64 },
    /// A record, its answer, the next record.
    PingPong { records: u64 },
    /// As many as fit, as fast as possible.
    Flood { records: u64 },
}

/// Ticks measured by one side in one block.
///
/// | block | near | far |
/// |---|---|---|
/// | paced | each push | each record from before its push to after its last byte was read |
/// | ping-pong | each round trip | nothing |
/// | flood | nothing | first to last record |
pub type Ticks = Vec<u64>;

/// One side of a ring.
pub trait Side: Send {
    /// Does its part of a block.
    fn run(&mut self, kind: Kind) -> Ticks;
}

struct Near<T, R> {
    tx: T,
    rx: R,
}

struct Far<T, R> {
    tx: T,
    rx: Vec<R>,
}

/// A ring with a name.
pub struct Contender {
    /// What the tables call it.
    pub name: &'static str,
    pub near: Box<dyn Side>,
    pub far: Box<dyn Side>,
}

impl Contender {
    /// A contender from its ring and another one of its kind for the answers.
    pub fn new<T1, R1, T2, R2>(
        name: &'static str,
        there: (T1, Vec<R1>),
        mut back: (T2, Vec<R2>),
    ) -> Self
    where
        T1: Tx + 'static,
        R1: Rx + 'static,
        T2: Tx + 'static,
        R2: Rx + 'static,
    {
        let rx = back.1.swap_remove(0);
        Self {
            name,
            near: Box::new(Near { tx: there.0, rx }),
            far: Box::new(Far {
                tx: back.0,
                rx: there.1,
            }),
        }
    }
}

#[inline(always)]
fn push(tx: &mut impl Tx, record: &Record) {
    while !tx.push(record) {
        std::hint::spin_loop();
    }
}

/// Takes exactly one record.
#[inline(always)]
fn one(rx: &mut impl Rx) -> Record {
    let mut taken = None;
    loop {
        rx.take(|record| taken = Some(*record));
        if let Some(record) = taken {
            return record;
        }
        std::hint::spin_loop();
    }
}

impl<T: Tx, R: Rx> Side for Near<T, R> {
    fn run(&mut self, kind: Kind) -> Ticks {
        match kind {
            Kind::Paced { records, interval } => self.paced(records, interval),
            Kind::PingPong { records } => self.ping(records),
            Kind::Flood { records } => self.flood(records),
        }
    }
}

impl<T: Tx, R: Rx> Near<T, R> {
    fn paced(&mut self, records: u64, interval: u64) -> Ticks {
        let mut publish = Vec::with_capacity(records as usize);
        let mut due = ticks();
        for number in 0..records {
            due += interval;
            while ticks() < due {
                std::hint::spin_loop();
            }
            let stamp = ticks();
            push(&mut self.tx, &Record::new(number, stamp));
            publish.push(ticks() - stamp);
        }
        publish
    }

    fn ping(&mut self, records: u64) -> Ticks {
        let mut trips = Vec::with_capacity(records as usize);
        for number in 0..records {
            let stamp = ticks();
            push(&mut self.tx, &Record::new(number, stamp));
            assert_eq!(one(&mut self.rx).stamp(number), Some(stamp));
            trips.push(ticks() - stamp);
        }
        trips
    }

    fn flood(&mut self, records: u64) -> Ticks {
        for number in 0..records {
            push(&mut self.tx, &Record::new(number, number));
        }
        Ticks::new()
    }
}

impl<T: Tx, R: Rx> Side for Far<T, R> {
    fn run(&mut self, kind: Kind) -> Ticks {
        match kind {
            Kind::Paced { records, .. } => self.paced(records),
            Kind::PingPong { records } => self.pong(records),
            Kind::Flood { records } => self.flood(records),
        }
    }
}

impl<T: Tx, R: Rx> Far<T, R> {
    fn paced(&mut self, records: u64) -> Ticks {
        let mut took = Vec::with_capacity(records as usize * self.rx.len());
        let mut next = vec![0_u64; self.rx.len()];
        while next.iter().any(|&number| number < records) {
            for (rx, number) in self.rx.iter_mut().zip(&mut next) {
                rx.take(|record| {
                    let stamp = record.stamp(*number).unwrap_or_else(|| wrong(*number));
                    took.push(ticks() - stamp);
                    *number += 1;
                });
            }
        }
        took
    }

    fn pong(&mut self, records: u64) -> Ticks {
        let Some(rx) = self.rx.first_mut() else {
            return Ticks::new();
        };
        for _ in 0..records {
            let record = one(rx);
            push(&mut self.tx, &record);
        }
        Ticks::new()
    }

    fn flood(&mut self, records: u64) -> Ticks {
        let mut next = vec![0_u64; self.rx.len()];
        let start = ticks();
        while next.iter().any(|&number| number < records) {
            for (rx, number) in self.rx.iter_mut().zip(&mut next) {
                rx.take(|record| {
                    if record.stamp(*number) != Some(*number) {
                        wrong(*number);
                    }
                    *number += 1;
                });
            }
        }
        vec![ticks() - start]
    }
}

/// A figure for a ring that loses, repeats or tears records means nothing.
#[cold]
fn wrong(number: u64) -> u64 {
    panic!("record {number} is not what was sent")
}
