//! How redundant lines do against each other.

/// Lead times are counted by their power of two: slot n holds leads below 2^n ns; the last, more.
pub const LEAD_SLOTS: usize = 40;

/// What one line brought first, and by how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// The line.
    pub line: u16,
    /// Messages that it brought first.
    pub wins: u64,
    /// Messages that it brought after another line.
    pub copies: u64,
    /// Its lead, for each copy that came after its win: sum in nanoseconds.
    pub lead_sum: u128,
    /// Its longest lead in nanoseconds.
    pub lead_max: i64,
    /// Its leads, by power of two of nanoseconds.
    pub leads: [u64; LEAD_SLOTS],
}

impl Score {
    const fn new(line: u16) -> Self {
        Self {
            line,
            wins: 0,
            copies: 0,
            lead_sum: 0,
            lead_max: 0,
            leads: [0; LEAD_SLOTS],
        }
    }
}

/// The scores of all lines that ever delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scores(Vec<Score>);

impl Scores {
    /// Line by line.
    #[must_use]
    pub fn all(&self) -> &[Score] {
        &self.0
    }

    #[inline]
    pub(super) fn won(&mut self, line: u16) {
        self.of(line).wins += 1;
    }

    pub(super) fn copied(&mut self, line: u16, copy: super::arrivals::Copy) {
        self.of(line).copies += 1;
        let Some(winner) = copy.winner else { return };
        let winner = self.of(winner);
        let lead = copy.lead.max(0);
        winner.lead_sum += u128::from(lead.unsigned_abs());
        winner.lead_max = winner.lead_max.max(lead);
        let bits = (i64::BITS - lead.leading_zeros()) as usize;
        winner.leads[bits.min(LEAD_SLOTS - 1)] += 1;
    }

    #[inline]
    fn of(&mut self, line: u16) -> &mut Score {
        let at = self.0.iter().position(|score| score.line == line);
        let at = at.unwrap_or_else(|| {
            self.0.push(Score::new(line));
            self.0.len() - 1
        });
        &mut self.0[at]
    }
}
