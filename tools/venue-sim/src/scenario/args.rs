//! The keys of one table: read by name, checked by type, none left over.

use std::collections::BTreeSet;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{ScenarioError, line_of, units};
use crate::config::Product;
use crate::fault::Target;

/// Edits up to which another name is suggested.
const EDITS_MAX: usize = 4;

/// See the module. Every method that reads a key also allows it.
pub(super) struct Args<'a> {
    text: &'a str,
    table: &'a DeTable<'a>,
    /// Byte where the table begins.
    start: usize,
    allowed: BTreeSet<&'static str>,
}

impl<'a> Args<'a> {
    pub(super) fn new(text: &'a str, table: &'a DeTable<'a>, start: usize) -> Self {
        Self {
            text,
            table,
            start,
            allowed: BTreeSet::new(),
        }
    }

    fn value(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.allowed.insert(key);
        let mut pairs = self.table.iter();
        pairs
            .find(|(name, _)| name.get_ref().as_ref() == key)
            .map(|(_, value)| value)
    }

    /// An error about the value of a key, or about the table if the key is not there.
    pub(super) fn wrong(&self, key: &str, what: &str) -> ScenarioError {
        let mut pairs = self.table.iter();
        let found = pairs.find(|(name, _)| name.get_ref().as_ref() == key);
        let at = found.map_or(self.start, |(_, value)| value.span().start);
        let shown = found.and_then(|(_, value)| self.text.get(value.span()));
        let is = shown.map_or_else(String::new, |shown| format!(" = {shown}"));
        self.error(at, format!("`{key}`{is} {what}"))
    }

    fn error(&self, at: usize, what: String) -> ScenarioError {
        let line = line_of(self.text, at);
        ScenarioError::Text { line, what }
    }

    fn missing(&self, key: &str) -> ScenarioError {
        self.wrong(key, "is missing")
    }

    /// Refuses keys that nothing has asked for.
    pub(super) fn finish(&self) -> Result<(), ScenarioError> {
        for name in self.table.keys() {
            let key = name.get_ref().as_ref();
            if !self.allowed.contains(key) {
                let hint = hint(key, self.allowed.iter().copied());
                let what = format!("unknown key `{key}`{hint}");
                return Err(self.error(name.span().start, what));
            }
        }
        Ok(())
    }

    pub(super) fn maybe_text(
        &mut self,
        key: &'static str,
    ) -> Result<Option<String>, ScenarioError> {
        match self.value(key).map(Spanned::get_ref) {
            None => Ok(None),
            Some(DeValue::String(text)) => Ok(Some(text.to_string())),
            Some(_) => Err(self.wrong(key, "must be a text in quotes")),
        }
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<String, ScenarioError> {
        self.maybe_text(key)?.ok_or_else(|| self.missing(key))
    }

    /// A text that is one of these.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        key: &'static str,
        names: &[(&'static str, T)],
    ) -> Result<T, ScenarioError> {
        let text = self.text(key)?;
        match names.iter().find(|(name, _)| *name == text) {
            Some((_, found)) => Ok(*found),
            None => {
                let hint = hint(&text, names.iter().map(|(name, _)| *name));
                Err(self.wrong(key, &format!("is not known{hint}")))
            }
        }
    }

    pub(super) fn maybe_number(&mut self, key: &'static str) -> Result<Option<u64>, ScenarioError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let number = value.get_ref().as_integer().and_then(|integer| {
            let digits = integer.as_str().replace('_', "");
            u64::from_str_radix(&digits, integer.radix()).ok()
        });
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(key, "must be a whole number from 0")),
        }
    }

    pub(super) fn number(&mut self, key: &'static str) -> Result<u64, ScenarioError> {
        self.maybe_number(key)?.ok_or_else(|| self.missing(key))
    }

    /// As [`number`](Self::number), for a number that must fit.
    pub(super) fn narrow<T: TryFrom<u64>>(
        &mut self,
        key: &'static str,
    ) -> Result<T, ScenarioError> {
        let number = self.number(key)?;
        T::try_from(number).map_err(|_| self.wrong(key, "is too large"))
    }

    /// How often: 1 if the text does not say.
    pub(super) fn count(&mut self) -> Result<u64, ScenarioError> {
        Ok(self.maybe_number("count")?.unwrap_or(1))
    }

    pub(super) fn seed(&mut self) -> Result<u64, ScenarioError> {
        Ok(self.maybe_number("seed")?.unwrap_or_default())
    }

    pub(super) fn maybe_duration(
        &mut self,
        key: &'static str,
    ) -> Result<Option<Duration>, ScenarioError> {
        let Some(text) = self.maybe_text(key)? else {
            return Ok(None);
        };
        match units::duration(&text) {
            Some(duration) => Ok(Some(duration)),
            None => Err(self.wrong(key, "must be a duration as \"250ms\", \"1.5s\" or \"2m\"")),
        }
    }

    pub(super) fn duration(&mut self, key: &'static str) -> Result<Duration, ScenarioError> {
        self.maybe_duration(key)?.ok_or_else(|| self.missing(key))
    }

    /// How long a fault lasts.
    pub(super) fn lasts(&mut self) -> Result<Duration, ScenarioError> {
        self.duration("for")
    }

    /// A duration with a sign, in ms.
    pub(super) fn signed_ms(&mut self, key: &'static str) -> Result<i64, ScenarioError> {
        let text = self.text(key)?;
        units::signed_ms(&text).ok_or_else(|| {
            self.wrong(
                key,
                "must be a duration with a sign as \"+5s\" or \"-250ms\"",
            )
        })
    }

    /// A probability in parts per million.
    pub(super) fn chance(&mut self) -> Result<u32, ScenarioError> {
        let text = self.text("chance")?;
        units::chance(&text)
            .ok_or_else(|| self.wrong("chance", "must be a probability as \"1%\" or \"200ppm\""))
    }

    /// The tables of an array of tables, with the bytes where they begin.
    pub(super) fn tables(
        &mut self,
        key: &'static str,
    ) -> Result<Vec<(usize, &'a DeTable<'a>)>, ScenarioError> {
        let Some(value) = self.value(key) else {
            return Ok(Vec::new());
        };
        let items = value.get_ref().as_array();
        let tables: Option<Vec<_>> = items.and_then(|items| {
            let table = |item: &'a Spanned<DeValue<'a>>| {
                Some((item.span().start, item.get_ref().as_table()?))
            };
            items.iter().map(table).collect()
        });
        tables.ok_or_else(|| self.wrong(key, "must be tables: write [[at]] before each"))
    }

    /// The products that `venue` and `product` name.
    pub(super) fn products(&mut self) -> Result<Vec<Product>, ScenarioError> {
        let venue = self.text("venue")?;
        let product = self.maybe_text("product")?;
        let split = |product: Product| product.name().split_once('-').unwrap_or_default();
        let of_venue = Product::ALL
            .into_iter()
            .filter(|known| split(*known).0 == venue);
        let of_venue: Vec<Product> = of_venue.collect();
        if of_venue.is_empty() {
            let hint = hint(&venue, Product::ALL.into_iter().map(|known| split(known).0));
            return Err(self.wrong("venue", &format!("is not known{hint}")));
        }
        let Some(product) = product else {
            return Ok(of_venue);
        };
        match of_venue.iter().find(|known| split(**known).1 == product) {
            Some(found) => Ok(vec![*found]),
            None => {
                let hint = hint(&product, of_venue.iter().map(|known| split(*known).1));
                Err(self.wrong("product", &format!("is not known{hint}")))
            }
        }
    }

    /// What the fault is aimed at, once per product.
    pub(super) fn targets(&mut self) -> Result<Vec<Target>, ScenarioError> {
        let stream = self.maybe_text("stream")?;
        let (line, rank) = self.line()?;
        let target = |product| Target {
            product,
            stream: stream.clone(),
            line,
            rank,
        };
        Ok(self.products()?.into_iter().map(target).collect())
    }

    /// `"A"` is the oldest connection, `"B"` the next; a number is the number of a connection.
    fn line(&mut self) -> Result<(Option<u64>, Option<usize>), ScenarioError> {
        let letter = match self.value("line").map(Spanned::get_ref) {
            None => return Ok((None, None)),
            Some(DeValue::String(text)) => text.to_string(),
            Some(_) => return Ok((self.maybe_number("line")?, None)),
        };
        match letter.as_bytes() {
            [letter @ b'A'..=b'Z'] => Ok((None, Some(usize::from(letter - b'A')))),
            _ => Err(self.wrong("line", "must be a letter from \"A\" to \"Z\" or a number")),
        }
    }
}

/// `: did you mean …?`, or all that is allowed if nothing is alike.
fn hint<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    let edits = |name: &str| strsim::damerau_levenshtein(text, name);
    let nearest = names.iter().copied().min_by_key(|name| edits(name));
    match nearest {
        Some(name) if edits(name) <= EDITS_MAX => format!(": did you mean `{name}`?"),
        _ => format!(": allowed is {}", names.join(", ")),
    }
}
