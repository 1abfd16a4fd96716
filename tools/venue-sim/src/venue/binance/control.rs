//! Paths and control messages: what a connection listens to.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::sbe::PREFIX;
use super::stream::Stream;
use super::timed::Timed;
use super::{Binance, Dialect};
use crate::clock::Nanos;
use crate::hub::Session;
use crate::venue::{Desk, RestRequest};

/// Streams one connection may hold.
const STREAMS_MAX: usize = 1_024;

/// Longest text a request id may have.
const ID_CHARS_MAX: usize = 36;

/// Which streams a connection's path can carry (USD-M since 2026-04-23; others carry all).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    All,
    Public,
    Market,
    /// The retired unrouted USD-M path: acknowledges, carries nothing.
    Nothing,
}

impl Route {
    /// The route of a WebSocket path, or `None` if there is no such path.
    pub(super) fn parse(dialect: Dialect, path: &str) -> Option<Route> {
        let routed =
            |prefix| Some(path.strip_prefix(prefix)).filter(|_| dialect == Dialect::Usdm)?;
        let (route, rest) = match (routed("/public"), routed("/market")) {
            (Some(rest), _) => (Route::Public, rest),
            (_, Some(rest)) => (Route::Market, rest),
            _ if dialect == Dialect::Usdm => (Route::Nothing, path),
            _ => (Route::All, path),
        };
        let known = rest == "/ws" || rest.starts_with("/ws/") || rest == "/stream";
        known.then_some(route)
    }

    fn carries(self, stream: &str) -> bool {
        let public = ["bookTicker", "depth"];
        let topic = stream.split(['@', '!']).nth(1).unwrap_or_default();
        let public = public.iter().any(|name| topic.starts_with(name));
        match self {
            Route::All => true,
            Route::Public => public,
            Route::Market => !public,
            Route::Nothing => false,
        }
    }
}

/// An error object of the control protocol: code and text.
type Refusal = (u8, String);

impl Binance {
    /// Sets a new connection up as its path and query say.
    pub(super) fn open(&mut self, desk: &mut Desk<'_>, line: u64) {
        let Some(session) = desk.hub.session(line) else {
            return;
        };
        let request = RestRequest::parse(&session.path);
        let route = match Route::parse(self.dialect, &request.path) {
            Some(Route::Nothing) if self.unrouted => Route::Public,
            Some(route) => route,
            None => Route::Nothing,
        };
        self.routes.insert(line, route);
        let unit = request.get("timeUnit").unwrap_or_default();
        session.variant.combined = request.path.ends_with("/stream");
        session.variant.micros =
            self.dialect == Dialect::Spot && unit.eq_ignore_ascii_case("microsecond");
        let raw = request
            .path
            .split_once("/ws/")
            .map_or("", |(_, streams)| streams);
        let streams = [raw, request.get("streams").unwrap_or_default()];
        // Forms encode a space as `+`, but no name has a space and `@+08:00` has a plus.
        let streams = streams.map(|streams| streams.replace(' ', "+"));
        for stream in streams.iter().flat_map(|streams| streams.split('/')) {
            self.listen(desk, line, stream);
        }
    }

    /// Adds one stream; an unknown or misrouted one is held but never served.
    fn listen(&mut self, desk: &mut Desk<'_>, line: u64, stream: &str) {
        let Some(session) = desk.hub.session(line) else {
            return;
        };
        if stream.is_empty() || session.subs.len() >= STREAMS_MAX {
            return;
        }
        let (key, sbe): (Arc<str>, _) = (key(session, stream).into(), session.sbe);
        let route = self.routes.get(&line).copied().unwrap_or(Route::Nothing);
        let dead = !route.carries(stream) || (!sbe && stream.starts_with(PREFIX));
        desk.hub.subscribe(line, Arc::clone(&key), dead, desk.now);
        if !dead && !sbe && desk.recorded.is_none() {
            self.follow(key, desk.now);
        }
    }

    /// Makes the stream, if it is one that follows the clock and does not exist yet.
    fn follow(&mut self, key: Arc<str>, now: Nanos) {
        if let Some(stream) = Stream::parse(self.dialect, &key) {
            let make = || Timed::new(Arc::clone(&key), stream, now);
            self.timed.entry(Arc::clone(&key)).or_insert_with(make);
        }
    }

    /// Carries out one control message and words the answer.
    pub(super) fn request(&mut self, desk: &mut Desk<'_>, line: u64, text: &str) -> String {
        let request: Map<String, Value> = match serde_json::from_str(text) {
            Ok(Value::Object(request)) => request,
            Ok(_) => return refusal(None, 3, "Invalid JSON: expected value at line 1 column 1"),
            Err(error) => return refusal(None, 3, &format!("Invalid JSON: {error}")),
        };
        let id = request.get("id");
        if !id.is_some_and(id_allowed) {
            return refusal(
                None,
                2,
                "Invalid request: request ID must be an unsigned integer",
            );
        }
        match self.perform(desk, line, &request) {
            Ok(result) => format!(
                r#"{{"result":{result},"id":{}}}"#,
                id.unwrap_or(&Value::Null)
            ),
            Err((code, text)) => refusal(id, code, &text),
        }
    }

    fn perform(
        &mut self,
        desk: &mut Desk<'_>,
        line: u64,
        request: &Map<String, Value>,
    ) -> Result<String, Refusal> {
        let Some(method) = request.get("method").and_then(Value::as_str) else {
            return Err((
                2,
                "Invalid request: missing field `method` at line 1 column 1".into(),
            ));
        };
        let params = request.get("params").unwrap_or(&Value::Null);
        match method {
            "SUBSCRIBE" => self.subscribe(desk, line, params),
            "UNSUBSCRIBE" => {
                for stream in names(params)? {
                    let key = desk.hub.session(line).map(|session| key(session, stream));
                    desk.hub.unsubscribe(line, &key.unwrap_or_default());
                }
                Ok("null".into())
            }
            "LIST_SUBSCRIPTIONS" => {
                let session = desk.hub.session(line);
                let name = |key: &Arc<str>| key.strip_prefix(PREFIX).unwrap_or(key).into();
                let keys: Vec<_> = session
                    .map(|s| s.subs.keys().map(name).collect())
                    .unwrap_or_default();
                Ok(Value::Array(keys).to_string())
            }
            "SET_PROPERTY" | "GET_PROPERTY" => {
                let Some(session) = desk.hub.session(line) else {
                    return Ok("null".into());
                };
                property(session, method == "SET_PROPERTY", params)
            }
            other => Err((2, unknown_variant(other))),
        }
    }

    fn subscribe(
        &mut self,
        desk: &mut Desk<'_>,
        line: u64,
        params: &Value,
    ) -> Result<String, Refusal> {
        let streams = names(params)?;
        if streams
            .iter()
            .any(|stream| desk.hub.board.rejects(desk.product, line, stream))
        {
            return Err((2, "Invalid request: too many parameters".into()));
        }
        let held = desk.hub.session(line).map(|session| {
            let keys = session.subs.keys().map(ToString::to_string);
            keys.chain(streams.iter().map(|stream| key(session, stream)))
                .collect::<BTreeSet<_>>()
                .len()
        });
        if held.is_some_and(|count| count > STREAMS_MAX) {
            // The venue documents the limit, not the wording.
            return Err((
                2,
                format!("Invalid request: more than {STREAMS_MAX} streams"),
            ));
        }
        for stream in streams {
            self.listen(desk, line, stream);
        }
        Ok("null".into())
    }
}

/// The key of a stream in the simulator's records: binary streams have the same names as others.
fn key(session: &Session, stream: &str) -> String {
    let prefix = if session.sbe { PREFIX } else { "" };
    format!("{prefix}{stream}")
}

fn names(params: &Value) -> Result<Vec<&str>, Refusal> {
    let names = params
        .as_array()
        .map(|names| names.iter().map(Value::as_str).collect());
    match names {
        Some(Some(names)) => Ok(names),
        _ => Err((
            2,
            "Invalid request: params must be an array of strings".into(),
        )),
    }
}

fn property(session: &mut Session, set: bool, params: &Value) -> Result<String, Refusal> {
    let params = params.as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(name) = params.first().and_then(Value::as_str) else {
        return Err((2, "Invalid request: property name must be a string".into()));
    };
    if params.len() > 1 + usize::from(set) {
        return Err((2, "Invalid request: too many parameters".into()));
    }
    if name != "combined" {
        return Err((0, "Unknown property".into()));
    }
    if !set {
        return Ok(session.variant.combined.to_string());
    }
    match params.get(1).and_then(Value::as_bool) {
        Some(combined) => session.variant.combined = combined,
        None => return Err((1, "Invalid value type: expected Boolean".into())),
    }
    Ok("null".into())
}

/// A signed 64-bit integer, a text of up to 36 characters, or null (since 2023-12-04).
fn id_allowed(id: &Value) -> bool {
    match id {
        Value::Null => true,
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::String(text) => text.chars().count() <= ID_CHARS_MAX,
        _ => false,
    }
}

fn unknown_variant(method: &str) -> String {
    format!(
        "Invalid request: unknown variant `{method}`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, \
         `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY` at line 1 column {}",
        method.len() + 11
    )
}

fn refusal(id: Option<&Value>, code: u8, text: &str) -> String {
    let text = Value::from(text);
    match id {
        Some(id) => format!(r#"{{"code":{code},"msg":{text},"id":{id}}}"#),
        None => format!(r#"{{"code":{code},"msg":{text}}}"#),
    }
}
