//! Subscribe, unsubscribe, ping, with the acknowledgement shapes of each product.

use std::sync::Arc;

use serde_json::Value;

use super::{Bybit, Category};
use crate::venue::Desk;

/// Topics of one subscribe request on spot.
const SPOT_ARGS_MAX: usize = 10;

/// Characters of all topics of one connection.
const ARGS_CHARS_MAX: usize = 21_000;

impl Bybit {
    /// Carries out one control message and queues the answer, then what a subscription starts with.
    pub(super) fn request(&mut self, desk: &mut Desk<'_>, line: u64, text: &str) {
        let request: Value = serde_json::from_str(text).unwrap_or_default();
        let id = request.get("req_id").and_then(Value::as_str);
        let topics: Vec<&str> = match request.get("args").and_then(Value::as_array) {
            Some(args) => args.iter().filter_map(Value::as_str).collect(),
            None => Vec::new(),
        };
        match request.get("op").and_then(Value::as_str) {
            Some("ping") => {
                let reply = self.reply(line, id, "ping", Ok("pong"));
                desk.hub.reply(line, reply);
            }
            Some("subscribe") => self.subscribe(desk, line, id, &topics),
            Some("unsubscribe") => {
                for topic in topics {
                    desk.hub.unsubscribe(line, topic);
                }
                let reply = self.reply(line, id, "unsubscribe", Ok(self.done("unsubscribe")));
                desk.hub.reply(line, reply);
            }
            // The venue does not document its answer to anything else.
            other => {
                let op = other.unwrap_or_default();
                let reply = self.reply(line, id, op, Err("error:request not supported"));
                desk.hub.reply(line, reply);
            }
        }
    }

    fn subscribe(&mut self, desk: &mut Desk<'_>, line: u64, id: Option<&str>, topics: &[&str]) {
        if let Err(text) = self.check(desk, line, topics) {
            let reply = self.reply(line, id, "subscribe", Err(&text));
            desk.hub.reply(line, reply);
            return;
        }
        for topic in topics {
            desk.hub.subscribe(line, Arc::from(*topic), false, desk.now);
        }
        let reply = self.reply(line, id, "subscribe", Ok(self.done("subscribe")));
        desk.hub.reply(line, reply);
        if desk.recorded.is_some() {
            return;
        }
        for topic in topics {
            if let Some(index) = self.feeds.iter().position(|feed| feed.serves(topic)) {
                self.feeds[index].greet(desk, index, line, topic);
            }
        }
    }

    /// Checks a batch; the first bad topic fails it as a whole.
    fn check(&self, desk: &mut Desk<'_>, line: u64, topics: &[&str]) -> Result<(), String> {
        if self.category == Category::Spot && topics.len() > SPOT_ARGS_MAX {
            return Err("args size >10".into());
        }
        let held = desk
            .hub
            .session(line)
            .map_or(0, |s| s.subs.keys().map(|key| key.len()).sum());
        if held + topics.iter().map(|topic| topic.len()).sum::<usize>() > ARGS_CHARS_MAX {
            // The venue documents the limit, not the wording.
            return Err("error:args length exceeded".into());
        }
        for topic in topics {
            self.check_topic(desk, line, topic)?;
        }
        Ok(())
    }

    fn check_topic(&self, desk: &mut Desk<'_>, line: u64, topic: &str) -> Result<(), String> {
        if desk
            .hub
            .session(line)
            .is_some_and(|session| session.subs.contains_key(topic))
        {
            return Err(format!("error:already subscribed,topic:{topic}"));
        }
        let served = match desk.recorded {
            Some(recorded) => recorded.contains(topic),
            None => self.feeds.iter().any(|feed| feed.serves(topic)),
        };
        if served && !desk.hub.board.rejects(desk.product, line, topic) {
            return Ok(());
        }
        let known_symbol = self.feeds.iter().any(|feed| feed.names(topic));
        Err(match self.category {
            Category::Spot if !known_symbol => format!("Invalid symbol :[{topic}]"),
            _ => format!("error:handler not found,topic:{topic}"),
        })
    }

    /// Text of a success: spot repeats the operation, linear says nothing.
    fn done(&self, op: &'static str) -> &'static str {
        match self.category {
            Category::Spot => op,
            Category::Linear => "",
        }
    }

    fn reply(&self, line: u64, id: Option<&str>, op: &str, result: Result<&str, &str>) -> String {
        let (success, text) = match result {
            Ok(text) => (true, text),
            Err(text) => (false, text),
        };
        // Linear always answers with a request id, spot only if it got one.
        let id = match (id, self.category) {
            (Some(id), _) => format!(r#""req_id":{},"#, Value::from(id)),
            (None, Category::Linear) => r#""req_id":"","#.into(),
            (None, Category::Spot) => String::new(),
        };
        let (text, op) = (Value::from(text), Value::from(op));
        format!(
            r#"{{"success":{success},"ret_msg":{text},"conn_id":"5f3a97c2-0000-4000-8000-{line:012x}",{id}"op":{op}}}"#
        )
    }
}
