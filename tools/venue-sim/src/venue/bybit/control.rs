//! Subscribe, unsubscribe, ping, with the acknowledgement shapes of each socket.

use std::sync::Arc;

use serde_json::Value;

use super::category::Category;
use super::topic::{Channel, parse};
use super::{Bybit, status};
use crate::clock::MILLI;
use crate::venue::{Desk, RestRequest};

/// Topics of one subscribe request on spot.
const SPOT_ARGS_MAX: usize = 10;

/// Topics of one connection on options.
const OPTION_TOPICS_MAX: usize = 2_000;

/// Characters of all topics of one connection.
const ARGS_CHARS_MAX: usize = 21_000;

/// A request that is to be answered.
#[derive(Clone, Copy, Debug)]
struct Request<'a> {
    line: u64,
    id: Option<&'a str>,
    op: &'a str,
    topics: &'a [&'a str],
}

impl Bybit {
    /// Carries out one control message and queues the answer, then what a subscription starts with.
    pub(super) fn request(&mut self, desk: &mut Desk<'_>, line: u64, text: &str) {
        let request: Value = serde_json::from_str(text).unwrap_or_default();
        let topics: Vec<&str> = match request.get("args").and_then(Value::as_array) {
            Some(args) => args.iter().filter_map(Value::as_str).collect(),
            None => Vec::new(),
        };
        let text = |key: &str| request.get(key).and_then(Value::as_str);
        let request = Request {
            line,
            id: text("req_id"),
            op: text("op").unwrap_or_default(),
            topics: &topics,
        };
        let reply = match request.op {
            "ping" => self.pong(desk, &request),
            "subscribe" => return self.subscribe(desk, &request),
            "unsubscribe" => {
                for topic in request.topics {
                    desk.hub.unsubscribe(line, topic);
                }
                self.reply(&request, Ok(()))
            }
            // The venue does not document its answer to anything else.
            _ => self.reply(&request, Err(refused("error:request not supported"))),
        };
        desk.hub.reply(line, reply);
    }

    fn subscribe(&mut self, desk: &mut Desk<'_>, request: &Request<'_>) {
        let line = request.line;
        if let Err(refusal) = self.check(desk, request) {
            let reply = self.reply(request, Err(refusal));
            return desk.hub.reply(line, reply);
        }
        for topic in request.topics {
            desk.hub.subscribe(line, Arc::from(*topic), false, desk.now);
        }
        let reply = self.reply(request, Ok(()));
        desk.hub.reply(line, reply);
        if desk.recorded.is_some() {
            return;
        }
        for topic in request.topics {
            self.greet(desk, line, topic);
        }
    }

    /// Sends what a subscription starts with.
    fn greet(&mut self, desk: &mut Desk<'_>, line: u64, topic: &str) {
        if let Some(pool) = self.pools.iter().find(|pool| *pool.pace.key == *topic) {
            return pool.greet(desk, &self.feeds, line);
        }
        let Some((channel, name)) = parse(self.category, topic) else {
            return;
        };
        let index = self.position(channel, name);
        if let Some((index, feed)) = index.and_then(|at| Some((at, self.feeds.get_mut(at)?))) {
            feed.greet(desk, index, line, (channel, topic));
        }
    }

    fn position(&self, channel: Channel, name: &str) -> Option<usize> {
        self.feeds
            .iter()
            .position(|feed| feed.serves(channel, name))
    }

    /// Checks a batch; the first bad topic fails it as a whole.
    fn check(&self, desk: &mut Desk<'_>, request: &Request<'_>) -> Result<(), Refusal> {
        let topics = request.topics;
        if self.category == Category::Spot && topics.len() > SPOT_ARGS_MAX {
            return Err(refused("args size >10"));
        }
        let (held, chars) = desk.hub.session(request.line).map_or((0, 0), |session| {
            let keys = session.subs.keys();
            (session.subs.len(), keys.map(|key| key.len()).sum())
        });
        let full = self.category == Category::Option && held + topics.len() > OPTION_TOPICS_MAX;
        let chars = chars + topics.iter().map(|topic| topic.len()).sum::<usize>();
        if full || chars > ARGS_CHARS_MAX {
            // The venue documents the limits, not the wording.
            return Err(refused("error:args length exceeded"));
        }
        for topic in topics {
            self.check_topic(desk, request.line, topic)
                .map_err(|text| Refusal {
                    text,
                    topic: Some((*topic).to_owned()),
                })?;
        }
        Ok(())
    }

    fn check_topic(&self, desk: &mut Desk<'_>, line: u64, topic: &str) -> Result<(), String> {
        let Some(session) = desk.hub.session(line) else {
            return Ok(());
        };
        if session.subs.contains_key(topic) {
            return Err(format!("error:already subscribed,topic:{topic}"));
        }
        let on_status = RestRequest::parse(&session.path)
            .path
            .ends_with(status::PATH);
        let parsed = parse(self.category, topic);
        let served = match desk.recorded {
            _ if on_status || topic == status::TOPIC => on_status && topic == status::TOPIC,
            Some(recorded) => recorded.contains(topic),
            None => {
                self.pools.iter().any(|pool| *pool.pace.key == *topic)
                    || parsed.is_some_and(|(channel, name)| self.position(channel, name).is_some())
            }
        };
        if served && !desk.hub.board.rejects(desk.product, line, topic) {
            return Ok(());
        }
        Err(match parsed {
            Some((channel, name))
                if self.category == Category::Spot && self.position(channel, name).is_none() =>
            {
                format!("Invalid symbol :[{topic}]")
            }
            _ => format!("error:handler not found,topic:{topic}"),
        })
    }

    fn pong(&self, desk: &Desk<'_>, request: &Request<'_>) -> String {
        if self.category == Category::Option {
            let now = desk.now / MILLI;
            return format!(r#"{{"args":["{now}"],"op":"pong"}}"#);
        }
        self.envelope(request, true, "pong")
    }

    fn reply(&self, request: &Request<'_>, result: Result<(), Refusal>) -> String {
        if self.category == Category::Option {
            return command_response(request, result.err());
        }
        match result {
            // Spot repeats the operation, futures say nothing.
            Ok(()) if self.category == Category::Spot => self.envelope(request, true, request.op),
            Ok(()) => self.envelope(request, true, ""),
            Err(refusal) => self.envelope(request, false, &refusal.text),
        }
    }

    fn envelope(&self, request: &Request<'_>, success: bool, text: &str) -> String {
        // Futures always answer with a request id, spot only if it got one.
        let id = match (request.id, self.category) {
            (Some(id), _) => format!(r#""req_id":{},"#, Value::from(id)),
            (None, Category::Spot) => String::new(),
            (None, _) => r#""req_id":"","#.into(),
        };
        let (text, op) = (Value::from(text), Value::from(request.op));
        let connection = connection(request.line);
        format!(
            r#"{{"success":{success},"ret_msg":{text},"conn_id":"{connection}",{id}"op":{op}}}"#
        )
    }
}

/// Why a request is refused.
#[derive(Clone, Debug)]
struct Refusal {
    text: String,
    /// The topic at fault, if it is one.
    topic: Option<String>,
}

fn refused(text: &str) -> Refusal {
    Refusal {
        text: text.to_owned(),
        topic: None,
    }
}

/// The answer of the options' socket, which names topics instead of a reason.
fn command_response(request: &Request<'_>, refusal: Option<Refusal>) -> String {
    let success = refusal.is_none();
    let (failed, done) = match refusal {
        None => (
            Value::from(Vec::<Value>::new()),
            Value::from(request.topics),
        ),
        Some(Refusal {
            topic: Some(topic), ..
        }) => (Value::from(vec![topic]), Value::from(Vec::<Value>::new())),
        Some(_) => (
            Value::from(request.topics),
            Value::from(Vec::<Value>::new()),
        ),
    };
    let connection = connection(request.line);
    format!(
        r#"{{"success":{success},"conn_id":"{connection}","data":{{"failTopics":{failed},"successTopics":{done}}},"type":"COMMAND_RESP"}}"#
    )
}

fn connection(line: u64) -> String {
    format!("5f3a97c2-0000-4000-8000-{line:012x}")
}
