//! A JSON text taken apart without touching its numbers, to be put together wrongly.

/// One value; scalars keep their wire text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    /// A number, string, `true`, `false` or `null`, as written.
    Scalar(String),
    /// An array.
    Array(Vec<Tree>),
    /// An object: keys (without quotes) and values, in wire order.
    Object(Vec<(String, Tree)>),
}

/// Where a value stands: places of fields and items from the root.
pub(crate) type Path = Vec<usize>;

impl Tree {
    /// Reads a text that is known to be JSON without escapes and spaces.
    pub(crate) fn read(text: &str) -> Self {
        let (tree, rest) = Self::split(text);
        assert_eq!(rest, "", "trailing text");
        tree
    }

    /// A scalar.
    pub(crate) fn scalar(text: &str) -> Self {
        Self::Scalar(text.to_owned())
    }

    /// The text again.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Scalar(text) => text.clone(),
            Self::Array(items) => {
                let items: Vec<String> = items.iter().map(Self::text).collect();
                format!("[{}]", items.join(","))
            }
            Self::Object(fields) => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(key, value)| format!("\"{key}\":{}", value.text()))
                    .collect();
                format!("{{{}}}", fields.join(","))
            }
        }
    }

    /// The paths of all fields of objects, outer ones first, with their keys.
    pub(crate) fn fields(&self) -> Vec<(Path, String)> {
        let mut found = Vec::new();
        self.walk(&mut Vec::new(), &mut |path, tree| {
            if let Self::Object(fields) = tree {
                for (at, (key, _)) in fields.iter().enumerate() {
                    found.push(([path, &[at]].concat(), key.clone()));
                }
            }
        });
        found
    }

    /// The paths of all scalars.
    pub(crate) fn scalars(&self) -> Vec<Path> {
        let mut found = Vec::new();
        self.walk(&mut Vec::new(), &mut |path, tree| {
            if matches!(tree, Self::Scalar(_)) {
                found.push(path.to_vec());
            }
        });
        found
    }

    /// The paths of all objects.
    pub(crate) fn objects(&self) -> Vec<Path> {
        let mut found = Vec::new();
        self.walk(&mut Vec::new(), &mut |path, tree| {
            if matches!(tree, Self::Object(_)) {
                found.push(path.to_vec());
            }
        });
        found
    }

    /// The value at `path`.
    pub(crate) fn at(&self, path: &[usize]) -> &Self {
        path.iter().fold(self, |tree, at| match tree {
            Self::Array(items) => &items[*at],
            Self::Object(fields) => &fields[*at].1,
            Self::Scalar(text) => panic!("{text} has no parts"),
        })
    }

    /// The same tree with `change` done to the value at `path`.
    pub(crate) fn with(&self, path: &[usize], change: impl FnOnce(&mut Self)) -> Self {
        let mut copy = self.clone();
        let place = path.iter().fold(&mut copy, |tree, at| match tree {
            Self::Array(items) => &mut items[*at],
            Self::Object(fields) => &mut fields[*at].1,
            Self::Scalar(text) => panic!("{text} has no parts"),
        });
        change(place);
        copy
    }

    /// The same tree with `change` done to the fields around the field at `path`.
    pub(crate) fn with_fields(
        &self,
        path: &[usize],
        change: impl FnOnce(&mut Vec<(String, Self)>, usize),
    ) -> Self {
        let (at, parent) = path.split_last().unwrap();
        self.with(parent, |tree| match tree {
            Self::Object(fields) => change(fields, *at),
            other => panic!("{other:?} has no fields"),
        })
    }

    fn walk(&self, path: &mut Path, visit: &mut impl FnMut(&[usize], &Self)) {
        visit(path, self);
        let parts: Vec<&Self> = match self {
            Self::Scalar(_) => Vec::new(),
            Self::Array(items) => items.iter().collect(),
            Self::Object(fields) => fields.iter().map(|(_, value)| value).collect(),
        };
        for (at, part) in parts.into_iter().enumerate() {
            path.push(at);
            part.walk(path, visit);
            path.pop();
        }
    }

    fn split(text: &str) -> (Self, &str) {
        match text.as_bytes()[0] {
            b'{' => {
                let (fields, rest) = Self::parts(&text[1..], '}', |text| {
                    let (key, rest) = Self::scalar_len(text);
                    let (value, rest) = Self::split(rest.strip_prefix(':').unwrap());
                    ((key.trim_matches('"').to_owned(), value), rest)
                });
                (Self::Object(fields), rest)
            }
            b'[' => {
                let (items, rest) = Self::parts(&text[1..], ']', Self::split);
                (Self::Array(items), rest)
            }
            _ => {
                let (scalar, rest) = Self::scalar_len(text);
                (Self::scalar(scalar), rest)
            }
        }
    }

    fn parts<T>(
        mut text: &str,
        end: char,
        mut one: impl FnMut(&str) -> (T, &str),
    ) -> (Vec<T>, &str) {
        let mut found = Vec::new();
        loop {
            if let Some(rest) = text.strip_prefix(end) {
                return (found, rest);
            }
            let (part, rest) = one(text.strip_prefix(',').unwrap_or(text));
            found.push(part);
            text = rest;
        }
    }

    fn scalar_len(text: &str) -> (&str, &str) {
        let end = match text.strip_prefix('"') {
            Some(inner) => inner.find('"').unwrap() + 2,
            None => text.find([',', '}', ']']).unwrap_or(text.len()),
        };
        text.split_at(end)
    }
}
