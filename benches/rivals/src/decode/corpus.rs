//! Messages one behind the other.

/// The messages of one class.
pub struct Corpus {
    text: Vec<u8>,
    /// Where each message ends.
    ends: Vec<usize>,
}

impl Corpus {
    /// At least one message.
    pub fn of(messages: &[String]) -> Self {
        let text = messages.concat().into_bytes();
        let ends = messages.iter().scan(0, |end, message| {
            *end += message.len();
            Some(*end)
        });
        Self {
            ends: ends.collect(),
            text,
        }
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of a message.
    pub fn mean(&self) -> usize {
        self.text.len() / self.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let begins = std::iter::once(&0).chain(&self.ends);
        begins
            .zip(&self.ends)
            .map(|(begin, end)| &self.text[*begin..*end])
    }
}
