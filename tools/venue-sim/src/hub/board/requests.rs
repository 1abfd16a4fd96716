//! Faults on requests and answers rather than on messages, counted down.

use std::time::Duration;

use crate::config::Product;
use crate::fault::{RestAnswer, Target};

/// A fault and how often it still hits.
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
pub(crate) struct Requests {
    silences: Vec<Counted<Target>>,
    rejections: Vec<Counted<Target>>,
    halves: Vec<Counted<Target>>,
    ignored: Vec<Counted<Target>>,
    lost: Vec<Counted<Target>>,
    rest: Vec<Counted<RestFault>>,
}

impl Requests {
    /// Longest pause a [`RestAnswer::Delay`] gets: a forgotten one must not hang a test run.
    pub(crate) const DELAY_MAX: Duration = Duration::from_secs(120);

    pub(crate) fn arm_silence(&mut self, what: Target, left: u64) {
        self.silences.push(Counted { what, left });
    }

    pub(crate) fn arm_rejection(&mut self, what: Target, left: u64) {
        self.rejections.push(Counted { what, left });
    }

    pub(crate) fn arm_half(&mut self, what: Target, left: u64) {
        self.halves.push(Counted { what, left });
    }

    pub(crate) fn arm_ignore(&mut self, target: Target, left: u64) {
        let what = streamless(target);
        self.ignored.push(Counted { what, left });
    }

    pub(crate) fn arm_lost(&mut self, target: Target, left: u64) {
        let what = streamless(target);
        self.lost.push(Counted { what, left });
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

    /// Whether a new subscription is to be silent.
    pub(crate) fn silences(&mut self, product: Product, line: u64, key: &str) -> bool {
        use_target(&mut self.silences, product, line, key) || self.halves(product, line, key)
    }

    /// Whether a new subscription is one of the halves that are not served.
    fn halves(&mut self, product: Product, line: u64, key: &str) -> bool {
        let mut halves = self.halves.iter_mut().filter(|half| half.left > 0);
        let hit = |what: &Target| what.covers_line(product, line) && what.covers_stream(key);
        let found = halves.find(|half| hit(&half.what));
        let unserved = found.is_some_and(|half| {
            half.left -= 1;
            half.left.is_multiple_of(2)
        });
        self.halves.retain(|half| half.left > 0);
        unserved
    }

    /// Whether the answer to a client's request is to be lost.
    pub(crate) fn loses(&mut self, product: Product, line: u64) -> bool {
        use_target(&mut self.lost, product, line, "")
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

/// The target without its stream, which requests do not have.
fn streamless(target: Target) -> Target {
    Target {
        stream: None,
        ..target
    }
}
