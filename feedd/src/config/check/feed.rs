//! Ranges and contradictions of one feed.

use std::time::Duration;

use feedd_codecs::feed::{Pick, Rule};
use feedd_codecs::instrument::SYMBOL_BYTES_MAX;
use feedd_codecs::venue::Channel;
use feedd_codecs::{Venue, VenueId, with_venue};

use super::{Complaints, FEEDS_MAX};
use crate::config::FeedConfig;

pub(super) fn check_feed(key: &str, feed: &FeedConfig, found: &mut Complaints) {
    let id = feed.venue_id();
    found.unless(id.is_some(), || {
        let known: Vec<String> = VenueId::all().map(|id| id.to_string()).collect();
        format!(
            "{key}: there is no {}-{}: allowed is {}",
            feed.venue,
            feed.product,
            known.join(", ")
        )
    });
    check_instruments(key, feed, found);
    check_channels(key, feed, id, found);
    check_lines(key, feed, found);
    check_quality(key, feed, found);
    check_book(key, feed, id, found);
    check_url(
        &format!("{key}.ws_url"),
        feed.ws_url.as_deref(),
        ["ws://", "wss://"],
        found,
    );
    check_url(
        &format!("{key}.rest_url"),
        feed.rest_url.as_deref(),
        ["http://", "https://"],
        found,
    );
    check_socket(key, feed, found);
    found.unless(feed.reader < FEEDS_MAX, || {
        format!(
            "{key}.reader is {}: allowed is 0 to {}",
            feed.reader,
            FEEDS_MAX - 1
        )
    });
}

fn check_socket(key: &str, feed: &FeedConfig, found: &mut Complaints) {
    found.unless(feed.spins() || feed.poll == "park", || {
        format!("{key}.poll is {:?}: allowed is park, spin", feed.poll)
    });
    found.unless(
        crate::config::feed::quick_ack(&feed.quick_ack).is_some(),
        || {
            format!(
                "{key}.quick_ack is {:?}: allowed is never, tls, always",
                feed.quick_ack
            )
        },
    );
    let most = Duration::from_millis(10);
    let key = format!("{key}.busy_poll");
    found.span(&key, feed.busy_poll, Duration::ZERO, most);
}

fn check_instruments(key: &str, feed: &FeedConfig, found: &mut Complaints) {
    found.unless(!feed.instruments.is_empty(), || {
        format!("{key}.instruments is empty: name at least one")
    });
    for (at, text) in feed.instruments.iter().enumerate() {
        let clean = !text
            .chars()
            .any(|character| character.is_control() || matches!(character, '"' | '\\' | '&'));
        let pick = text.parse::<Pick>();
        let fits = text.len() <= SYMBOL_BYTES_MAX && clean && pick.is_ok();
        found.unless(fits, || {
            format!("{key}.instruments[{at}] is {text:?}: expected a venue's symbol, a pattern such as \"*USDT\", \"top:20\" or \"top:20:*USDT\"")
        });
        found.unless(!feed.instruments[..at].contains(text), || {
            format!("{key}.instruments: {text} stands twice")
        });
    }
}

fn check_channels(key: &str, feed: &FeedConfig, id: Option<VenueId>, found: &mut Complaints) {
    let whole = !feed.whole_market.is_empty();
    found.unless(whole || !feed.channels.is_empty(), || {
        format!("{key}.channels is empty: name at least one")
    });
    let Some(id) = id else { return };
    let options = feed.stream_options();
    let (has, markets): (Vec<Channel>, Vec<Channel>) = with_venue!(id, V => {
        let venue = V::new(id, options);
        let all = venue.channels().to_vec();
        let markets = Channel::all().filter(|channel| venue.whole_market(*channel)).collect();
        (all, markets)
    });
    for (list, names, offered) in [
        ("channels", &feed.channels, &has),
        ("whole_market", &feed.whole_market, &markets),
    ] {
        for (at, name) in names.iter().enumerate() {
            let known = Channel::from_name(name).is_some_and(|channel| offered.contains(&channel));
            found.unless(known, || {
                let offered: Vec<&str> = offered.iter().map(|channel| channel.name()).collect();
                format!(
                    "{key}.{list}: {name:?} is not offered: allowed is {}",
                    offered.join(", ")
                )
            });
            found.unless(!names[..at].contains(name), || {
                format!("{key}.{list}: {name} stands twice")
            });
        }
    }
}

fn check_lines(key: &str, feed: &FeedConfig, found: &mut Complaints) {
    let second = Duration::from_secs(1);
    let day = second * 86_400;
    found.unless((1..=4).contains(&feed.lines), || {
        format!("{key}.lines is {}: allowed is 1 to 4", feed.lines)
    });
    let mut span =
        |name: &str, span, least, most| found.span(&format!("{key}.{name}"), span, least, most);
    span("gap_wait", feed.gap_wait, Duration::ZERO, second * 10);
    if let Some(after) = feed.rotate_after {
        span("rotate_after", after, Duration::ZERO, day);
    }
    span("refresh_every", feed.refresh_every, Duration::ZERO, day);
    span("audit_every", feed.audit_every, Duration::ZERO, day);
    span(
        "liveness_floor",
        feed.liveness_floor,
        second / 10,
        second * 3600,
    );
    span(
        "liveness_ceiling",
        feed.liveness_ceiling,
        Duration::ZERO,
        day,
    );
    let sbe = feed.encoding == "sbe";
    found.unless(sbe || feed.encoding == "json", || {
        format!(
            "{key}.encoding is {:?}: allowed is json, sbe",
            feed.encoding
        )
    });
    found.unless(
        !sbe || feed.venue_id() == Some(VenueId::BINANCE_SPOT),
        || format!("{key}.encoding = \"sbe\" is offered by binance-spot only"),
    );
    found.unless(!sbe || feed.api_key_file.is_some(), || {
        format!("{key}.api_key_file is missing: SBE streams ask for a key")
    });
}

fn check_quality(key: &str, feed: &FeedConfig, found: &mut Complaints) {
    let quality = &feed.quality;
    for (name, text) in &quality.rules {
        let known = Rule::ALL.iter().any(|rule| rule.name() == name);
        found.unless(known, || {
            let names: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
            format!(
                "{key}.quality.rules.{name} is no rule: allowed is {}",
                names.join(", ")
            )
        });
        found.unless(crate::config::feed::action(text).is_some(), || {
            format!("{key}.quality.rules.{name} is {text:?}: allowed is off, flag, reject")
        });
    }
    found.unless((2..=1000).contains(&quality.price_factor), || {
        format!(
            "{key}.quality.price_factor is {}: allowed is 2 to 1000",
            quality.price_factor
        )
    });
    let hour = Duration::from_secs(3600);
    for (name, span) in [
        ("crossed_max", quality.crossed_max),
        ("future_max", quality.future_max),
        ("stale_max", quality.stale_max),
    ] {
        found.span(&format!("{key}.quality.{name}"), span, Duration::ZERO, hour);
    }
}

fn check_book(key: &str, feed: &FeedConfig, id: Option<VenueId>, found: &mut Complaints) {
    let depths: &[u16] = match feed.venue.as_str() {
        "bybit" if id == Some(VenueId::BYBIT_OPTION) => &[0, 25, 100],
        "bybit" => &[0, 1, 50, 200, 1000],
        "binance" => &[0, 100, 500, 1000],
        "kraken" if id == Some(VenueId::KRAKEN_SPOT) => &[0, 10, 25, 100, 500, 1000],
        _ => &[0],
    };
    found.unless(depths.contains(&feed.book_depth), || {
        format!(
            "{key}.book_depth is {}: allowed is {depths:?}",
            feed.book_depth
        )
    });
    let intervals: &[u16] = match id {
        Some(VenueId::BINANCE_SPOT) => &[100, 1000],
        Some(VenueId::BINANCE_USDM | VenueId::BINANCE_COINM) => &[0, 100, 250, 500],
        _ => &[100],
    };
    found.unless(intervals.contains(&feed.book_interval_ms), || {
        format!(
            "{key}.book_interval_ms is {}: allowed is {intervals:?}",
            feed.book_interval_ms
        )
    });
}

fn check_url(key: &str, url: Option<&str>, schemes: [&str; 2], found: &mut Complaints) {
    let Some(url) = url else { return };
    let known = schemes
        .iter()
        .any(|scheme| url.len() > scheme.len() && url.starts_with(scheme));
    found.unless(known && !url.ends_with('/'), || {
        format!("{key} is {url:?}: allowed is {}HOST[:PORT] or {}HOST[:PORT], without a slash at the end", schemes[0], schemes[1])
    });
}
