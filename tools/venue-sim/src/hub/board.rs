//! Faults that were ordered and have not been used up.

use std::time::Duration;

use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{Log, Parcel};
use crate::config::Product;
use crate::fault::{RestAnswer, Target};
use crate::truth::Touch;

/// What to do to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Twist {
    Drop,
    Duplicate,
    Reorder,
    WrongChecksum,
}

#[derive(Debug)]
struct Armed {
    twist: Twist,
    target: Target,
    left: u64,
    /// The message that waits for its successor ([`Twist::Reorder`]).
    held: Option<Parcel>,
}

impl Armed {
    fn matches(&self, product: Product, line: Option<u64>, parcel: &Parcel) -> bool {
        self.left > 0
            && self.target.product == product
            && self.target.line == line
            && self.target.covers_stream(&parcel.key)
            && self.held.as_ref().is_none_or(|held| held.key == parcel.key)
            && (self.twist != Twist::WrongChecksum || parcel.text().contains(CHECKSUM))
    }

    /// Applies the fault to a message that matches: what to send now, in order.
    fn apply(&mut self, parcel: Parcel) -> (Vec<Parcel>, Option<Touch>) {
        if let Some(held) = self.held.take() {
            self.left -= 1;
            return (vec![parcel, held], None);
        }
        if self.twist == Twist::Reorder {
            self.held = Some(parcel);
            return (Vec::new(), Some(Touch::Delayed));
        }
        self.left -= 1;
        match self.twist {
            Twist::Duplicate => (vec![parcel.clone(), parcel], Some(Touch::Duplicated)),
            Twist::WrongChecksum => (vec![spoiled(parcel)], Some(Touch::Corrupted)),
            Twist::Drop | Twist::Reorder => (Vec::new(), Some(Touch::Dropped)),
        }
    }
}

/// A counted fault on requests rather than messages.
#[derive(Debug)]
struct Counted<T> {
    what: T,
    left: u64,
}

impl<T> Counted<T> {
    fn use_one(&mut self, hit: impl Fn(&T) -> bool) -> bool {
        let used = self.left > 0 && hit(&self.what);
        self.left -= u64::from(used);
        used
    }
}

#[derive(Debug)]
struct RestFault {
    product: Product,
    path: Option<String>,
    answer: RestAnswer,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct FaultBoard {
    armed: Vec<Armed>,
    silences: Vec<Counted<Target>>,
    rejections: Vec<Counted<Target>>,
    ignored: Vec<Counted<Target>>,
    rest: Vec<Counted<RestFault>>,
}

impl FaultBoard {
    /// Longest pause a [`RestAnswer::Delay`] gets: a forgotten one must not hang a test run.
    pub(crate) const DELAY_MAX: Duration = Duration::from_secs(120);

    pub(crate) fn arm(&mut self, twist: Twist, target: Target, left: u64) {
        self.armed.push(Armed {
            twist,
            target,
            left,
            held: None,
        });
    }

    pub(crate) fn arm_silence(&mut self, target: Target, left: u64) {
        self.silences.push(Counted { what: target, left });
    }

    pub(crate) fn arm_rejection(&mut self, target: Target, left: u64) {
        self.rejections.push(Counted { what: target, left });
    }

    pub(crate) fn arm_ignore(&mut self, target: Target, left: u64) {
        let target = Target {
            stream: None,
            ..target
        };
        self.ignored.push(Counted { what: target, left });
    }

    pub(crate) fn arm_rest(
        &mut self,
        product: Product,
        path: Option<String>,
        answer: RestAnswer,
        left: u64,
    ) {
        self.rest.push(Counted {
            what: RestFault {
                product,
                path,
                answer,
            },
            left,
        });
    }

    /// What to send instead of `parcel`. `line` is `None` for faults on all subscribers alike.
    pub(crate) fn pass(
        &mut self,
        log: &mut Log,
        product: Product,
        line: Option<u64>,
        parcel: Parcel,
    ) -> Vec<Parcel> {
        let Some(at) = self
            .armed
            .iter()
            .position(|armed| armed.matches(product, line, &parcel))
        else {
            return vec![parcel];
        };
        let original = parcel.clone();
        let (out, touch) = self.armed[at].apply(parcel);
        if let Some(touch) = touch {
            log.touched(touch, product, line, &original);
        }
        self.armed.retain(|armed| armed.left > 0);
        out
    }

    /// Messages that still wait for a successor.
    pub(crate) fn take_held(&mut self) -> Vec<(Target, Parcel)> {
        let held = self.armed.iter_mut().filter_map(|armed| {
            let parcel = armed.held.take()?;
            armed.left = 0;
            Some((armed.target.clone(), parcel))
        });
        let held = held.collect();
        self.armed.retain(|armed| armed.left > 0);
        held
    }

    /// Whether a new subscription is to be silent.
    pub(crate) fn silences(&mut self, product: Product, line: u64, key: &str) -> bool {
        use_target(&mut self.silences, product, line, key)
    }

    /// Whether a subscribe request is to be refused.
    pub(crate) fn rejects(&mut self, product: Product, line: u64, key: &str) -> bool {
        use_target(&mut self.rejections, product, line, key)
    }

    /// Whether a client's request is to be overlooked.
    pub(crate) fn ignores(&mut self, product: Product, line: u64) -> bool {
        use_target(&mut self.ignored, product, line, "")
    }

    /// The answer ordered for a WebSocket handshake, if any: only faults that name a path count.
    pub(crate) fn handshake_answer(&mut self, product: Product, path: &str) -> Option<RestAnswer> {
        let named = self.rest.iter().any(|fault| {
            fault.what.product == product
                && fault
                    .what
                    .path
                    .as_ref()
                    .is_some_and(|wanted| path.contains(wanted.as_str()))
        });
        if named {
            self.rest_answer(product, path)
        } else {
            None
        }
    }

    /// The answer ordered for a REST request, if any.
    pub(crate) fn rest_answer(&mut self, product: Product, path: &str) -> Option<RestAnswer> {
        let hit = |fault: &RestFault| {
            fault.product == product
                && fault
                    .path
                    .as_ref()
                    .is_none_or(|wanted| path.contains(wanted.as_str()))
        };
        let fault = self.rest.iter_mut().find_map(|fault| {
            let answer = fault.what.answer.clone();
            fault.use_one(hit).then_some(answer)
        });
        self.rest.retain(|fault| fault.left > 0);
        fault
    }
}

fn use_target(faults: &mut Vec<Counted<Target>>, product: Product, line: u64, key: &str) -> bool {
    let hit = |target: &Target| target.covers_line(product, line) && target.covers_stream(key);
    let used = faults.iter_mut().any(|fault| fault.use_one(hit));
    faults.retain(|fault| fault.left > 0);
    used
}

const CHECKSUM: &str = "\"checksum\":";

/// The parcel with the lowest bit of every checksum flipped.
fn spoiled(mut parcel: Parcel) -> Parcel {
    for body in parcel.bodies.iter_mut().flatten() {
        if let Some(text) = spoiled_text(body) {
            *body = Utf8Bytes::from(text);
        }
    }
    parcel
}

fn spoiled_text(body: &str) -> Option<String> {
    let (before, rest) = body.split_once(CHECKSUM)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let checksum: u32 = rest[..digits].parse().ok()?;
    Some(format!(
        "{before}{CHECKSUM}{}{}",
        checksum ^ 1,
        &rest[digits..]
    ))
}
