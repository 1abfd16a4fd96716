//! Frames that the daemon refused and kept.

/// The frames of one venue.
#[derive(Clone, Debug, Default)]
pub(super) struct Quarantine(Vec<String>);

impl Quarantine {
    /// Nothing was refused.
    pub(super) const EMPTY: Self = Self(Vec::new());

    pub(super) fn add(&mut self, frame: &[u8]) {
        // The tape shows what is no text in hexadecimal.
        let hex = || frame.iter().map(|byte| format!("{byte:02x}")).collect();
        self.0
            .push(std::str::from_utf8(frame).map_or_else(|_| hex(), str::to_owned));
    }

    /// Whether the message that went out as `sent` stands here, by itself or in the frame that it was
    /// wrapped in. The tape has the begin only of one that is long.
    pub(super) fn holds(&self, sent: &str) -> bool {
        if sent.is_empty() {
            return self.0.iter().any(String::is_empty);
        }
        self.0.iter().any(|frame| frame.contains(sent))
    }
}
