//! Book messages: continuity, breaks and what they leave in the journal.

use super::{Gate, key};
use crate::feed::arrivals::numbered;
use crate::feed::books::Books;
use crate::feed::gaps::OpenGap;
use crate::feed::sync::{Early, Levels, State, Verdict};
use crate::instrument::InstrumentId;
use crate::record::{BookEvent, BookHead, Flags, GapCause, GapEnd, Kind, Record, RecordSink};
use crate::venue::{Channel, Snapshots, StreamKey, Venue};

use super::admit::Sign;

impl<V: Venue, S: RecordSink> Gate<'_, V, S> {
    pub(in crate::feed) fn book(&mut self, head: &mut BookHead, levels: Levels<'_>, flags: Flags) {
        if !self.channels.has(head.channel) {
            return;
        }
        if head.channel == Channel::BOOK_TOP {
            return self.best_levels(head, levels, flags);
        }
        self.introduce(head.header.instrument, head.px_exp, head.qty_exp);
        self.stamp(&mut head.header, flags);
        self.audit.came(self.venue, head, levels, self.meta.now);
        if self.is_content_copy(head, levels) {
            self.conclude_audit(head.header.instrument, head.channel);
            return;
        }
        if head.header.template_id == Kind::BookSnapshot as u16 {
            self.snapshot(head, levels);
        } else {
            self.delta(head, levels);
        }
        self.end_gap(head.header.instrument, head.channel);
    }

    /// The best levels as a message of their own: nothing continues them.
    fn best_levels(&mut self, head: &mut BookHead, levels: Levels<'_>, flags: Flags) {
        let sign = Sign::of(&head.header);
        let stream = key(head.header.instrument, head.channel);
        let Some(more) = self.admit(stream, sign, |hasher| hasher.levels(head, levels)) else {
            return;
        };
        self.introduce(head.header.instrument, head.px_exp, head.qty_exp);
        self.stamp(&mut head.header, flags.with(more).with(Flags::SNAPSHOT));
        self.emit(&Record::BookSnapshot(BookEvent {
            head,
            bids: levels.0,
            asks: levels.1,
        }));
    }

    /// Books without numbers (Kraken Spot): an update is known by its stamp, checksum and levels.
    /// One that has a stamp and comes again is a repetition, whichever line it comes on, unless the
    /// checksum says that it is news.
    fn is_content_copy(&mut self, head: &BookHead, levels: Levels<'_>) -> bool {
        if head.header.seq != 0 {
            return false;
        }
        let mut content = super::admit::Content::default();
        content.mix(&[i64::from(head.checksum), i64::from(head.header.template_id)]);
        content.levels(head, levels);
        let hash = content.key(Sign::of(&head.header));
        let is_delta = head.header.template_id == Kind::BookDelta as u16;
        let (line, now) = (self.meta.line, self.meta.now);
        let book = self.books.of(head.header.instrument, head.channel);
        let at = book.moment(head);
        let copy = self
            .redundant
            .then(|| book.arrivals.copy(hash, line, now))
            .flatten();
        match copy {
            Some(copy) => {
                self.counts.duplicates += 1;
                self.scores.copied(line, copy);
                book.repeats(line, at);
                // A book that waits for a snapshot takes it from whoever brings it.
                book.state() == State::Live
            }
            None if at.is_stamped()
                && book.arrivals.had(hash)
                && !(is_delta && book.confirms(self.venue, head, levels)) =>
            {
                self.counts.duplicates += 1;
                book.state() == State::Live
            }
            None => {
                book.arrivals.took(hash, at.order(), line, now);
                self.scores.won(line);
                false
            }
        }
    }

    /// An update that another line brought and that waits, for one before it or for a snapshot: the
    /// book's own rule does not tell it from news.
    fn is_copy_of_waiting(&mut self, head: &BookHead) -> bool {
        if !self.redundant || head.header.seq == 0 {
            return false;
        }
        let (line, now) = (self.meta.line, self.meta.now);
        let book = self.books.of(head.header.instrument, head.channel);
        if !book.waits() {
            return false;
        }
        let found = book.arrivals.copy(head.header.seq, line, now);
        if let Some(copy) = found {
            self.counts.duplicates += 1;
            self.scores.copied(line, copy);
        }
        found.is_some()
    }

    /// Who brought a numbered update first.
    #[inline]
    fn remember_update(&mut self, head: &BookHead) {
        let (seq, line, now) = (head.header.seq, self.meta.line, self.meta.now);
        if self.redundant && seq != 0 {
            let book = self.books.of(head.header.instrument, head.channel);
            book.arrivals.took(seq, numbered(seq), line, now);
            self.scores.won(line);
        }
    }

    /// Writes a live book as it stands.
    pub(in crate::feed) fn checkpoint_books(&mut self, id: InstrumentId) {
        for (channel, index) in self.books.places(|book| book.state() == State::Live) {
            if index != id.index() {
                continue;
            }
            let book = self.books.of(id, channel).book();
            let mut head = BookHead::new(Kind::BookSnapshot, id, book.px_exp(), book.qty_exp());
            head.channel = channel;
            self.stamp(&mut head.header, Flags::CHECKPOINT);
            self.whole_book(&mut head);
        }
    }

    /// The books of a stream are lost from outside.
    pub(super) fn lose_books(&mut self, stream: StreamKey, cause: GapCause) {
        for channel in carried(self.venue, stream.channel) {
            let book = self.books.get_mut(stream.instrument, channel);
            if let Some(found) = book.and_then(|book| book.lose(cause)) {
                self.break_book(stream.instrument, channel, found);
            }
        }
    }

    /// Updates waited too long for one that is missing: the book breaks.
    pub(in crate::feed) fn give_up_waiting(&mut self, id: InstrumentId, channel: Channel) {
        let joins = self.joins(channel);
        let (verdict, early) = self.books.of(id, channel).give_up_waiting(joins);
        if let Verdict::Broken(found) = verdict {
            self.break_book(id, channel, found);
        }
        for mut update in early {
            update.head.header.flags = update.head.header.flags.with(Flags::MAYBE_BAD_BOOK);
            self.emit_early(&update);
        }
    }

    /// The book is known to be wrong for a reason of ours: it breaks and asks for a snapshot.
    pub(in crate::feed) fn distrust(
        &mut self,
        id: InstrumentId,
        channel: Channel,
        cause: GapCause,
    ) {
        if let Some(found) = self.books.of(id, channel).lose(cause) {
            self.break_book(id, channel, found);
        }
    }

    fn emit_early(&mut self, update: &Early) {
        let (bids, asks) = update.levels();
        let head = &update.head;
        self.emit(&Record::BookDelta(BookEvent { head, bids, asks }));
    }

    fn delta(&mut self, head: &mut BookHead, levels: Levels<'_>) {
        if self.is_copy_of_waiting(head) {
            return;
        }
        let (id, channel) = (head.header.instrument, head.channel);
        let rules = self.rules(self.joins(channel));
        let book = self.books.of(id, channel);
        let verdict = book.update(self.venue, head, levels, rules, self.meta.now);
        if verdict == Verdict::Stale {
            return self.stale_update(head);
        }
        self.remember_update(head);
        match verdict {
            Verdict::Good => self.note(head, true),
            Verdict::Stale => {}
            Verdict::Early => return self.counts.early += 1,
            Verdict::Waiting | Verdict::StillBad => {
                head.header.flags = head.header.flags.with(Flags::MAYBE_BAD_BOOK);
            }
            Verdict::Broken(found) => {
                self.break_book(id, channel, found);
                head.header.flags = head.header.flags.with(Flags::MAYBE_BAD_BOOK);
            }
        }
        self.emit(&Record::BookDelta(BookEvent {
            head,
            bids: levels.0,
            asks: levels.1,
        }));
        if verdict == Verdict::Good {
            self.audit.applied(self.venue, head, levels, self.meta.now);
            self.drain_early(id, channel);
            self.conclude_audit(id, channel);
        }
    }

    /// Updates that waited for the one just applied follow it.
    #[inline]
    fn drain_early(&mut self, id: InstrumentId, channel: Channel) {
        let rules = self.rules(self.joins(channel));
        loop {
            let (book, copies) = (self.books.of(id, channel), &mut self.counts.duplicates);
            let Some(mut update) = book.next_early(self.venue, rules, copies) else {
                return;
            };
            self.counts.reordered += 1;
            self.note(&mut update.head, true);
            self.audit
                .applied(self.venue, &update.head, update.levels(), self.meta.now);
            self.emit_early(&update);
        }
    }

    /// A good update or snapshot: what the book is now is looked at.
    #[inline]
    fn note(&mut self, head: &mut BookHead, is_update: bool) {
        let (id, channel) = (head.header.instrument, head.channel);
        let now = self.meta.now;
        let book = self.books.of(id, channel);
        let crossed = book.book().is_crossed();
        self.counts.crossed += u64::from(crossed);
        book.crossed_since = crossed.then(|| book.crossed_since.unwrap_or(now));
        let known = self.instruments.get(id);
        let about = (&head.header, channel);
        let verdict = self.quality.book(known, about, book.book(), is_update);
        if verdict != crate::feed::quality::Verdict::Pass {
            head.header.flags = head.header.flags.with(Flags::SUSPECT);
        }
    }

    fn stale_update(&mut self, head: &BookHead) {
        self.counts.stale += 1;
        if !self.redundant {
            return;
        }
        let (line, now) = (self.meta.line, self.meta.now);
        let book = self.books.of(head.header.instrument, head.channel);
        if let Some(copy) = book.arrivals.copy(head.header.seq, line, now) {
            self.counts.duplicates += 1;
            self.scores.copied(line, copy);
        }
    }

    fn snapshot(&mut self, head: &mut BookHead, levels: Levels<'_>) {
        let (id, channel) = (head.header.instrument, head.channel);
        let joins = self.joins(channel);
        let rules = self.rules(joins);
        let book = self.books.of(id, channel);
        if !joins && !book.welcomes(head, rules) {
            self.counts.stale += 1;
            book.left_out_snapshot(head, levels);
            self.audit.began(self.venue, head, levels, self.meta.now);
            // A quiet book stands where the snapshot does.
            return self.conclude_audit(id, channel);
        }
        if book.hides_early() {
            self.give_up_waiting(id, channel);
        }
        let book = self.books.of(id, channel);
        if !joins && let Some(found) = book.skipped_by(head, levels) {
            self.break_book(id, channel, found);
        }
        let book = self.books.of(id, channel);
        let verdict = book.snapshot(self.venue, head, levels, joins);
        if verdict == Verdict::Good {
            self.note(head, false);
        }
        match verdict {
            Verdict::Good if joins => self.whole_book(head),
            Verdict::Good => {
                head.header.flags = head.header.flags.with(Flags::SNAPSHOT);
                self.emit(&Record::BookSnapshot(BookEvent {
                    head,
                    bids: levels.0,
                    asks: levels.1,
                }));
            }
            Verdict::Stale | Verdict::Waiting | Verdict::Early => self.counts.stale += 1,
            Verdict::StillBad => self.bad_snapshot(head, levels),
            Verdict::Broken(found) => {
                self.break_book(id, channel, found);
                self.bad_snapshot(head, levels);
            }
        }
    }

    fn bad_snapshot(&mut self, head: &mut BookHead, levels: Levels<'_>) {
        head.header.flags = head
            .header
            .flags
            .with(Flags::SNAPSHOT)
            .with(Flags::MAYBE_BAD_BOOK);
        self.emit(&Record::BookSnapshot(BookEvent {
            head,
            bids: levels.0,
            asks: levels.1,
        }));
    }

    /// Emits the book as it stands now under `head`.
    fn whole_book(&mut self, head: &mut BookHead) {
        let book = self.books.of(head.header.instrument, head.channel);
        book.copy_to(self.scratch);
        head.first_seq = head.header.seq;
        head.header.seq = book.seq().unwrap_or(0);
        if head.first_seq == u64::MAX {
            head.first_seq = 0;
        }
        (head.px_exp, head.qty_exp) = (book.book().px_exp(), book.book().qty_exp());
        head.header.flags = head.header.flags.with(Flags::SNAPSHOT);
        let record = Record::BookSnapshot(BookEvent {
            head,
            bids: &self.scratch.bids,
            asks: &self.scratch.asks,
        });
        self.counts.emitted(&record);
        self.sink.record(&record);
    }

    /// Writes the gap of a book that broke, and keeps it open until the book is right again.
    fn break_book(&mut self, id: InstrumentId, channel: Channel, found: OpenGap) {
        let gap = OpenGap {
            ts_open: self.meta.ts_recv,
            ..found
        };
        self.tell(key(id, channel), &gap, GapEnd::OPEN, gap.numbers());
        let book = self.books.of(id, channel);
        book.gap.get_or_insert(gap);
    }

    #[inline]
    fn end_gap(&mut self, id: InstrumentId, channel: Channel) {
        if let Some(gap) = self.books.of(id, channel).heal() {
            self.tell(key(id, channel), &gap, GapEnd::SNAPSHOT, gap.numbers());
        }
    }

    pub(super) fn widen_books(&mut self, id: InstrumentId, px_exp: i8, qty_exp: i8) {
        let widen = |books: &mut Books| {
            let broken = books
                .of_instrument(id)
                .filter_map(|(channel, book)| Some((channel, book.widen(px_exp, qty_exp)?)));
            broken.collect::<Vec<_>>()
        };
        for (channel, found) in widen(self.books) {
            self.break_book(id, channel, found);
        }
    }

    fn joins(&self, channel: Channel) -> bool {
        matches!(self.venue.snapshots(channel), Snapshots::Rest { .. })
    }
}

/// The channels whose messages come in the stream of `stream`.
pub(in crate::feed) fn carried<V: Venue>(
    venue: &V,
    stream: Channel,
) -> impl Iterator<Item = Channel> {
    let books = [
        Channel::BOOK,
        Channel::BOOK_RPI,
        Channel::BOOK_RPI_ONLY,
        Channel::BOOK_FULL,
    ];
    books
        .into_iter()
        .filter(move |channel| venue.carrier(*channel) == stream)
}
