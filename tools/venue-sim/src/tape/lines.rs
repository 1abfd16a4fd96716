//! The lines of the tape: one JSON object each.

use std::fmt::Write;

use crate::clock::Nanos;
use crate::config::Product;
use crate::json::quoted;

/// Bytes of a message text that a fault's line repeats; the rest is cut off.
const TEXT_MAX: usize = 4_096;

/// A fill, or the fills of one taker order at one price.
#[derive(Debug)]
pub(crate) struct Trade<'a> {
    pub(crate) product: Product,
    pub(crate) symbol: &'a str,
    /// `trade` or `agg_trade`.
    pub(crate) channel: &'static str,
    /// Number within the instrument and channel.
    pub(crate) seq: u64,
    pub(crate) id: &'a str,
    pub(crate) px: &'a str,
    pub(crate) qty: &'a str,
    /// `buy` or `sell`: the taker's.
    pub(crate) side: &'static str,
    /// Numbers of the first and last fill.
    pub(crate) fills: (u64, u64),
    pub(crate) ts: Nanos,
}

impl Trade<'_> {
    pub(super) fn line(&self, at: Nanos) -> String {
        let Trade {
            symbol,
            channel,
            seq,
            id,
            px,
            qty,
            side,
            ts,
            fills: (first, last),
            ..
        } = self;
        let scope = scope(self.product);
        format!(
            "{{\"at\":{at},{scope},\"symbol\":\"{symbol}\",\"channel\":\"{channel}\",\"seq\":{seq},\"ts\":{ts},\
             \"id\":\"{id}\",\"px\":\"{px}\",\"qty\":\"{qty}\",\"side\":\"{side}\",\"first\":{first},\"last\":{last}}}\n"
        )
    }
}

/// What happened besides the market.
#[derive(Debug)]
pub(crate) enum Mark<'a> {
    Opened {
        line: u64,
        path: &'a str,
    },
    Closed {
        line: u64,
        why: &'a str,
    },
    /// `served` is false where the venue acknowledges a stream that it never serves.
    Subscribed {
        line: u64,
        stream: &'a str,
        served: bool,
    },
    Unsubscribed {
        line: u64,
        stream: &'a str,
    },
    /// A fault was ordered; `line` is the connection that it resolved to.
    Ordered {
        line: Option<u64>,
        fault: &'a str,
        /// Whether there was such a connection.
        hit: bool,
    },
    /// A fault touched a message.
    Touched {
        line: Option<u64>,
        touch: &'static str,
        stream: &'a str,
        first: u64,
        last: u64,
        text: &'a str,
        sent: Option<&'a str>,
    },
    /// A REST request was answered.
    Rest {
        path: &'a str,
        status: u16,
        ordered: bool,
    },
}

impl Mark<'_> {
    pub(super) fn line(&self, at: Nanos, product: Product) -> String {
        let scope = scope(product);
        let mut out = format!("{{\"at\":{at},\"mark\":\"{}\",{scope}", self.name());
        // Writing to a string cannot fail.
        let _infallible = match self {
            Mark::Opened { line, path } => {
                write!(out, ",\"line\":{line},\"path\":{}", quoted(path))
            }
            Mark::Closed { line, why } => write!(out, ",\"line\":{line},\"why\":{}", quoted(why)),
            Mark::Subscribed {
                line,
                stream,
                served,
            } => write!(
                out,
                ",\"line\":{line},\"stream\":{},\"served\":{served}",
                quoted(stream)
            ),
            Mark::Unsubscribed { line, stream } => {
                write!(out, ",\"line\":{line},\"stream\":{}", quoted(stream))
            }
            Mark::Ordered { line, fault, hit } => {
                write!(
                    out,
                    ",\"line\":{},\"fault\":{},\"hit\":{hit}",
                    number(*line),
                    quoted(cut(fault))
                )
            }
            Mark::Touched { .. } => self.touched(&mut out),
            Mark::Rest {
                path,
                status,
                ordered,
            } => write!(
                out,
                ",\"path\":{},\"status\":{status},\"ordered\":{ordered}",
                quoted(path)
            ),
        };
        out.push_str("}\n");
        out
    }

    fn name(&self) -> &'static str {
        match self {
            Mark::Opened { .. } => "open",
            Mark::Closed { .. } => "close",
            Mark::Subscribed { .. } => "subscribe",
            Mark::Unsubscribed { .. } => "unsubscribe",
            Mark::Ordered { .. } => "order",
            Mark::Touched { .. } => "touch",
            Mark::Rest { .. } => "rest",
        }
    }

    fn touched(&self, out: &mut String) -> std::fmt::Result {
        let Mark::Touched {
            line,
            touch,
            stream,
            first,
            last,
            text,
            sent,
        } = self
        else {
            return Ok(());
        };
        write!(
            out,
            ",\"line\":{},\"touch\":\"{touch}\",\"stream\":{},\"first\":{first},\"last\":{last},\"text\":{}",
            number(*line),
            quoted(stream),
            quoted(cut(text))
        )?;
        match sent {
            Some(sent) => write!(out, ",\"sent\":{}", quoted(cut(sent))),
            None => Ok(()),
        }
    }
}

/// The text up to [`TEXT_MAX`] bytes, ending on a character.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_MAX))
        .unwrap_or(text)
}

fn number(number: Option<u64>) -> String {
    number.map_or_else(|| "null".to_owned(), |number| number.to_string())
}

/// `"venue":"binance","product":"spot"`
pub(super) fn scope(product: Product) -> String {
    let (venue, product) = product.name().split_once('-').unwrap_or_default();
    format!("\"venue\":\"{venue}\",\"product\":\"{product}\"")
}
