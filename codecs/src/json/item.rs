//! Values of a tape: objects, arrays and scalars, each read as the type that its field must have.

use simd_json::{Node, StaticNode};

use crate::fixed::{self, Fixed};
use crate::reject::Reject;
use crate::time::{self, Nanos};

/// Most fields of an object that is read in full: the venues' largest (a Binance symbol) has about 40.
const FIELDS_MAX: usize = 128;

/// One value: its node and those of its parts. Scalars are text, `true`/`false` or null.
#[derive(Clone, Copy, Debug)]
pub struct Item<'t, 'f>(&'t [Node<'f>]);

/// Splits the first value, with all its parts, off a run of nodes.
fn split_value<'t, 'f>(nodes: &'t [Node<'f>]) -> Option<(Item<'t, 'f>, &'t [Node<'f>])> {
    let parts = match nodes.first()? {
        Node::Object { count, .. } | Node::Array { count, .. } => *count,
        Node::String(_) | Node::Static(_) => 0,
    };
    let (value, rest) = nodes.split_at_checked(parts + 1)?;
    Some((Item(value), rest))
}

impl<'t, 'f> Item<'t, 'f> {
    /// The value that all of a tape's `nodes` make up.
    pub(super) const fn root(nodes: &'t [Node<'f>]) -> Self {
        Self(nodes)
    }

    fn node(self) -> Option<Node<'f>> {
        self.0.first().copied()
    }

    /// The object, or `WrongType(field)`.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`].
    pub fn object(self, field: &'static str) -> Result<Fields<'t, 'f>, Reject> {
        match self.0.split_first() {
            Some((Node::Object { .. }, parts)) => Ok(Fields(parts)),
            _ => Err(Reject::WrongType(field)),
        }
    }

    /// The array's items, or `WrongType(field)`.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`].
    pub fn array(self, field: &'static str) -> Result<Items<'t, 'f>, Reject> {
        match self.0.split_first() {
            Some((Node::Array { len, .. }, parts)) => Ok(Items { len: *len, parts }),
            _ => Err(Reject::WrongType(field)),
        }
    }

    /// Whether this is an array.
    #[must_use]
    pub fn is_array(self) -> bool {
        matches!(self.node(), Some(Node::Array { .. }))
    }

    /// Whether this is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        matches!(self.node(), Some(Node::Object { .. }))
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        matches!(self.node(), Some(Node::Static(StaticNode::Null)))
    }

    /// The text of a string or a bare number.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`].
    pub fn text(self, field: &'static str) -> Result<&'f str, Reject> {
        match self.node() {
            Some(Node::String(text)) => Ok(text),
            _ => Err(Reject::WrongType(field)),
        }
    }

    /// `true` or `false`.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`].
    pub fn boolean(self, field: &'static str) -> Result<bool, Reject> {
        match self.node() {
            Some(Node::Static(StaticNode::Bool(value))) => Ok(value),
            _ => Err(Reject::WrongType(field)),
        }
    }

    /// An unsigned whole number, bare or quoted.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`], [`Reject::InvalidNumber`] or [`Reject::NumberRange`].
    pub fn unsigned(self, field: &'static str) -> Result<u64, Reject> {
        let text = self.text(field)?;
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Reject::InvalidNumber(field));
        }
        text.parse().map_err(|_| Reject::NumberRange(field))
    }

    /// A decimal number as written.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`], [`Reject::InvalidNumber`] or [`Reject::NumberRange`].
    pub fn fixed(self, field: &'static str) -> Result<Fixed, Reject> {
        Fixed::parse(self.text(field)?.as_bytes()).map_err(|error| Reject::number(field, error))
    }

    /// The mantissa at `exp`, or the finer exponent that it needs.
    ///
    /// # Errors
    ///
    /// As [`Item::fixed`].
    pub fn mantissa(
        self,
        field: &'static str,
        exp: i8,
        keep_zeros: bool,
    ) -> Result<Result<i64, i8>, Reject> {
        match fixed::mantissa_at(self.text(field)?.as_bytes(), exp, keep_zeros) {
            Ok(mantissa) => Ok(Ok(mantissa)),
            Err(fixed::NumberError::Finer(finer)) => Ok(Err(finer)),
            Err(error) => Err(Reject::number(field, error)),
        }
    }

    /// An epoch stamp in ms, µs or ns, told by its magnitude.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`] or [`Reject::InvalidTime`].
    pub fn epoch(self, field: &'static str) -> Result<Nanos, Reject> {
        let value = self.unsigned(field).map_err(|reject| match reject {
            Reject::WrongType(_) => reject,
            _ => Reject::InvalidTime(field),
        })?;
        time::from_epoch(value).ok_or(Reject::InvalidTime(field))
    }

    /// An RFC 3339 stamp.
    ///
    /// # Errors
    ///
    /// [`Reject::WrongType`] or [`Reject::InvalidTime`].
    pub fn rfc3339(self, field: &'static str) -> Result<Nanos, Reject> {
        time::from_rfc3339(self.text(field)?).ok_or(Reject::InvalidTime(field))
    }
}

/// The fields of an object, in wire order.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'t, 'f>(&'t [Node<'f>]);

impl<'t, 'f> Fields<'t, 'f> {
    /// Keys and values.
    pub fn iter(self) -> impl Iterator<Item = (&'f str, Item<'t, 'f>)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (Node::String(key), nodes) = rest.split_first()? else {
                return None;
            };
            let (value, tail) = split_value(nodes)?;
            rest = tail;
            Some((*key, value))
        })
    }

    /// The same fields, if none stands twice: for messages that are rare.
    ///
    /// # Errors
    ///
    /// [`Reject::DuplicateField`], or [`Reject::TooMany`] beyond any venue's number of fields.
    pub fn distinct(self) -> Result<Self, Reject> {
        for (at, (key, _)) in self.iter().enumerate() {
            if at >= FIELDS_MAX {
                return Err(Reject::TooMany);
            }
            if self.iter().take(at).any(|(earlier, _)| earlier == key) {
                return Err(Reject::DuplicateField);
            }
        }
        Ok(self)
    }

    /// One field by a linear search: for messages that are rare.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Item<'t, 'f>> {
        self.iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// One field that must be there.
    ///
    /// # Errors
    ///
    /// [`Reject::MissingField`].
    pub fn need(self, key: &'static str) -> Result<Item<'t, 'f>, Reject> {
        self.get(key).ok_or(Reject::MissingField(key))
    }
}

/// The items of an array.
#[derive(Clone, Copy, Debug)]
pub struct Items<'t, 'f> {
    len: usize,
    parts: &'t [Node<'f>],
}

impl<'t, 'f> Items<'t, 'f> {
    /// How many there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The items in wire order.
    pub fn iter(self) -> impl Iterator<Item = Item<'t, 'f>> {
        let mut rest = self.parts;
        std::iter::from_fn(move || {
            let (value, tail) = split_value(rest)?;
            rest = tail;
            Some(value)
        })
    }
}
