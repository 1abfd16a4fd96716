//! `adlAlert` and `insurance`: the insurance funds of one group of contracts.

use super::category::Category;
use super::feed::Feed;
use super::topic::Pace;
use crate::clock::{MILLI, Nanos};
use crate::hub::Span;
use crate::venue::Desk;

/// Push interval in ms, if anything changed.
const PAUSE: Nanos = 1_000;

/// Which of the two topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Alert,
    Insurance,
}

/// One topic of one group: USDT, USDC or inverse.
#[derive(Debug)]
pub(super) struct Pool {
    form: Form,
    group: &'static str,
    pub(super) pace: Pace,
    /// Time of the newest change that was published.
    shown: Nanos,
}

impl Pool {
    /// Both topics of every group that the product has.
    pub(super) fn all(category: Category) -> Vec<Self> {
        let groups: &[&'static str] = match category {
            Category::Linear => &["USDT", "USDC"],
            Category::Inverse => &["inverse"],
            Category::Spot | Category::Option => &[],
        };
        let forms = [(Form::Alert, "adlAlert"), (Form::Insurance, "insurance")];
        let pool = |group: &&'static str| {
            forms.map(|(form, name)| Self {
                form,
                group,
                pace: Pace::new(format!("{name}.{group}"), PAUSE),
                shown: 0,
            })
        };
        groups.iter().flat_map(pool).collect()
    }

    fn holds(&self, feed: &Feed) -> bool {
        feed.listed() && (self.group == "inverse" || feed.quote == self.group)
    }

    /// Publishes the funds that changed (alerts: all of them, if one did).
    pub(super) fn publish_due(&mut self, desk: &mut Desk<'_>, feeds: &[Feed], all: bool) {
        let newest = feeds.iter().filter(|feed| self.holds(feed));
        let newest = newest.map(|feed| feed.fund.updated).max().unwrap_or(0);
        if newest <= self.shown || !self.pace.due(desk.now, all) {
            return;
        }
        let since = std::mem::replace(&mut self.shown, newest);
        if self.pace.wanted(desk) {
            let text = match self.form {
                Form::Alert => self.text(feeds, 0, "snapshot", desk.now),
                Form::Insurance => self.text(feeds, since + 1, "delta", desk.now),
            };
            desk.hub
                .publish(desk.product, &self.pace.key, Span::one(newest), |_| {
                    text.clone()
                });
        }
    }

    /// Shows every fund to a new subscriber.
    pub(super) fn greet(&self, desk: &mut Desk<'_>, feeds: &[Feed], line: u64) {
        let text = self.text(feeds, 0, "snapshot", desk.now);
        desk.hub
            .publish_to(line, &self.pace.key, Span::one(self.shown), text);
    }

    /// The funds that changed at or after `since`.
    fn text(&self, feeds: &[Feed], since: Nanos, kind: &str, now: Nanos) -> String {
        let feeds = feeds.iter().filter(|feed| self.holds(feed));
        let feeds = feeds.filter(|feed| feed.fund.updated >= since);
        let rows: Vec<String> = feeds.map(|feed| self.row(feed)).collect();
        let (topic, sent, rows) = (&self.pace.key, now / MILLI, rows.join(","));
        format!(r#"{{"topic":"{topic}","type":"{kind}","ts":{sent},"data":[{rows}]}}"#)
    }

    /// Alerts carry JSON numbers, as the venue's sample does; `mb` is always empty by now.
    fn row(&self, feed: &Feed) -> String {
        let (coin, symbol, balance) = (&feed.settle, &feed.symbol, feed.fund.text());
        let updated = feed.fund.updated / MILLI;
        match self.form {
            Form::Alert => format!(
                r#"{{"c":"{coin}","s":"{symbol}","b":{balance},"mb":"","i_pr":-0.3,"pr":0,"adl_tt":10000,"adl_sr":-0.25}}"#
            ),
            Form::Insurance => format!(
                r#"{{"coin":"{coin}","symbols":"{symbol}","balance":"{balance}","updateTime":"{updated}"}}"#
            ),
        }
    }
}
