//! Reading the file, and refusing keys that mean nothing.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Config, ConfigError, FeedConfig};

/// Reads, parses and checks a configuration file.
///
/// # Errors
///
/// A [`ConfigError`] that names the file, the key, the value and what is allowed.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    let mut config = parse(&text).map_err(|error| error.at(path))?;
    config.check()?;
    config.split()?;
    Ok(config)
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    parse_known(text, full)
}

/// Reads a file's text. A key that means nothing is refused with the nearest of those that `full`, a
/// value in which every key is set, has.
pub(crate) fn parse_known<T: DeserializeOwned + Serialize>(
    text: &str,
    full: impl FnOnce() -> T,
) -> Result<T, ConfigError> {
    let syntax = |error: &dyn std::fmt::Display| ConfigError::Syntax {
        path: "configuration".into(),
        message: error.to_string(),
    };
    let mut unknown = Vec::new();
    let deserializer = toml::Deserializer::parse(text).map_err(|error| syntax(&error))?;
    let config = serde_ignored::deserialize(deserializer, |path| unknown.push(path.to_string()))
        .map_err(|error| syntax(&error))?;
    if unknown.is_empty() {
        return Ok(config);
    }
    let mut known = BTreeSet::new();
    if let Ok(value) = toml::Value::try_from(full()) {
        collect(&value, &mut known);
    }
    let hints = unknown.iter().map(|key| hint(key, &known));
    Err(ConfigError::Unknown(hints.collect()))
}

/// The key with the nearest known one.
fn hint(path: &str, known: &BTreeSet<String>) -> String {
    let key = path.rsplit('.').next().unwrap_or(path);
    let nearest = known
        .iter()
        .max_by(|a, b| strsim::jaro(key, a).total_cmp(&strsim::jaro(key, b)));
    match nearest {
        Some(nearest) => format!("`{path}` (nearest: `{nearest}`)"),
        None => format!("`{path}`"),
    }
}

/// A configuration in which every key is set.
fn full() -> Config {
    let mut full = Config::default();
    full.threads.journal_core = Some(0);
    full.capture.host = Some(String::new());
    full.limits.silence = Some(full.limits.stop);
    full.tls.ca_file = Some("ca.pem".into());
    full.host.cpu_dma_latency_us = Some(0);
    full.sinks.parquet.dir = Some("parquet".into());
    full.sinks.questdb.connect = Some(String::new());
    full.sinks.questdb.credentials = Some("questdb".into());
    full.sinks.questdb.ca_file = Some("ca.pem".into());
    full.sinks.redis.address = Some(String::new());
    full.sinks.redis.credentials = Some("redis".into());
    full.feeds.push(full_feed());
    full
}

/// A feed in which every key is set.
fn full_feed() -> FeedConfig {
    let mut feed = FeedConfig::new("", "", Vec::new());
    feed.rotate_after = Some(feed.gap_wait);
    let file = || Some("file".into());
    (feed.api_key_file, feed.token_file) = (file(), file());
    (feed.ws_url, feed.rest_url) = (Some(String::new()), Some(String::new()));
    let rules = feedd_codecs::feed::Rule::ALL;
    let named = rules.map(|rule| (rule.name().to_owned(), String::new()));
    feed.quality.rules.extend(named);
    feed
}

fn collect(value: &toml::Value, keys: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                keys.insert(key.clone());
                collect(value, keys);
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| collect(item, keys)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [journal]
        dir = "data"
        segment = "16MiB"
        [threads]
        reader_cores = [1]
        [[feed]]
        venue = "kraken"
        product = "spot"
        instruments = ["BTC/USD"]
    "#;

    #[test]
    fn defaults_fill_what_is_not_said() {
        let config = parse(GOOD).unwrap();
        config.check().unwrap();
        assert_eq!(config.feeds[0].channels, ["trade", "bbo", "book"]);
        assert_eq!(config.limits.ring.to_string(), "16MiB");
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let error = parse(&GOOD.replace("segment", "segmnt"))
            .unwrap_err()
            .to_string();
        assert_eq!(error, "unknown keys: `journal.segmnt` (nearest: `segment`)");
        let error = parse(&GOOD.replace("venue", "venues = 1\nvenue"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("feed.0.venues") && error.contains("nearest: `venue`"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_type_names_line_and_expectation() {
        let error = parse(&GOOD.replace("\"16MiB\"", "16"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("segment") && error.contains("32MiB"),
            "{error}"
        );
    }

    #[test]
    fn values_out_of_range_are_all_named() {
        let text = GOOD
            .replace("16MiB", "5B")
            .replace("\"spot\"", "\"sport\"")
            .replace("[\"BTC/USD\"]", "[]");
        let error = parse(&text).unwrap().check().unwrap_err().to_string();
        for part in ["journal.segment", "kraken-sport", "feed[0].instruments"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    const EXAMPLE: &str = include_str!("../../feedd.example.toml");

    /// The keys and values of a table, tables within it under dotted names.
    fn leaves(table: &toml::Table, before: &str, into: &mut Vec<(String, toml::Value)>) {
        for (key, value) in table {
            let name = format!("{before}{key}");
            match value {
                toml::Value::Table(inner) => leaves(inner, &format!("{name}."), into),
                other => into.push((name, other.clone())),
            }
        }
    }

    fn written(value: &impl serde::Serialize) -> Vec<(String, toml::Value)> {
        let mut found = Vec::new();
        leaves(&toml::Table::try_from(value).unwrap(), "", &mut found);
        found
    }

    #[test]
    fn the_example_passes_the_check_and_shows_every_key_with_its_default() {
        let example = parse(EXAMPLE).unwrap();
        example.check().unwrap();
        let shown: toml::Table = EXAMPLE.parse().unwrap();
        let first = shown["feed"][0].as_table().unwrap();
        let mut keys = Vec::new();
        leaves(first, "", &mut keys);
        let symbols = example.feeds[0].instruments.clone();
        for (key, default) in written(&FeedConfig::new("binance", "spot", symbols)) {
            assert!(keys.contains(&(key.clone(), default)), "feed.{key}");
        }
        for (key, default) in written(&Config::default().host) {
            assert_eq!(shown["host"][&key], default, "host.{key}");
        }
        for (key, default) in written(&Config::default().limits) {
            assert_eq!(shown["limits"][&key], default, "limits.{key}");
        }
        let mut keys = Vec::new();
        leaves(shown["sinks"].as_table().unwrap(), "", &mut keys);
        for (key, default) in written(&Config::default().sinks) {
            assert!(keys.contains(&(key.clone(), default)), "sinks.{key}");
        }
        let absent = [
            "rotate_after",
            "api_key_file",
            "token_file",
            "ws_url",
            "rest_url",
            "silence",
        ];
        for key in absent
            .into_iter()
            .chain(["ca_file", "reader_cores", "journal_core"])
            .chain(["cpu_dma_latency_us"])
        {
            assert!(EXAMPLE.contains(&format!("# {key} = ")), "{key}");
        }
    }

    #[test]
    fn a_reader_that_sleeps_may_not_carry_the_journal() {
        let carried = GOOD.replace("[threads]", "[threads]\njournal_poll = \"reader\"");
        let error = parse(&carried).unwrap().check().unwrap_err().to_string();
        assert_eq!(
            error,
            "threads.journal_poll is \"reader\", but feed[0].poll is \"park\": reader 0 carries the \
             journal's work and must spin; set feed[0].poll to spin, or threads.journal_poll to park"
        );
        // Who carries it is the first; the others may sleep.
        let second = "[[feed]]\nvenue = \"kraken\"\nproduct = \"futures\"\nreader = 1\n\
                      instruments = [\"PF_XBTUSD\"]\n";
        let spinning = carried.replace("[[feed]]", "[[feed]]\npoll = \"spin\"");
        parse(&(spinning + second)).unwrap().check().unwrap();
    }
}
