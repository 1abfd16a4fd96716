//! `system.status`: maintenance windows and incidents, on a socket of their own.

use std::sync::Arc;

use super::category::Category;
use crate::clock::{MILLI, Nanos, SECOND};
use crate::hub::Span;
use crate::venue::Desk;
use crate::venue::uuid::uuid;

/// The socket's path below `/v5/public/`.
pub(super) const PATH: &str = "misc/status";

/// Its only topic.
pub(super) const TOPIC: &str = "system.status";

/// How long an announced window lasts.
const WINDOW: Nanos = 1_800 * SECOND;

/// The window that was last announced.
#[derive(Debug, Default)]
pub(super) struct Status {
    number: u64,
    begin: Nanos,
    over: bool,
}

impl Status {
    /// Announces a state: a new window, or the next state of the last one.
    pub(super) fn announce(&mut self, desk: &mut Desk<'_>, category: Category, state: &str) {
        if self.number == 0 || self.over {
            self.number += 1;
            self.begin = desk.now;
        }
        self.over = matches!(state, "completed" | "canceled");
        let text = self.text(category, state, desk.now);
        let key: Arc<str> = Arc::from(TOPIC);
        let span = Span::one(self.number);
        desk.hub.publish(desk.product, &key, span, |_| text.clone());
    }

    /// Service 5 is market data; products 1 to 3 are futures, spot and options.
    fn text(&self, category: Category, state: &str, now: Nanos) -> String {
        let product = match category {
            Category::Linear | Category::Inverse => 1,
            Category::Spot => 2,
            Category::Option => 3,
        };
        let id = uuid(TOPIC, self.number);
        let (sent, begin) = (now / MILLI, self.begin / MILLI);
        let end = (self.begin + WINDOW) / MILLI;
        let state = serde_json::Value::from(state);
        format!(
            r#"{{"topic":"{TOPIC}","ts":{sent},"data":[{{"id":"{id}","title":"Simulated maintenance","state":{state},"begin":"{begin}","end":"{end}","href":"","serviceTypes":[2,3,4,5],"product":[{product}],"uidSuffix":[],"maintainType":1,"env":1}}]}}"#
        )
    }
}
