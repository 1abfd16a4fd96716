//! The contract of a venue: numbered cases that run for every venue in the same words.
//!
//! # Adding a venue
//!
//! 1. Write `tests/support/<venue>.rs`: a type that implements [`support::script::Script`] with the
//!    venue's side of the conversation, from the venue's documentation and not from its decoder:
//!    three symbols, how the book stream shows a book, the answers to requests, and the text of a
//!    snapshot, a delta, a trade, a BBO and the reference data. A checksum is computed there from
//!    the wire text, apart from the decoder's.
//! 2. Add the module to `tests/support/mod.rs` and one line to the list at the end of this file.
//! 3. Run `cargo test -p feedd-codecs --test venue_contract <venue>`. The cases are in
//!    `tests/venue_contract/`.
//!
//! A venue passes all cases; where a venue cannot show something (Kraken does not number its
//! updates), the case says what holds instead.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "venue_contract/audits.rs"]
mod audits;
#[path = "venue_contract/book_quality.rs"]
mod book_quality;
#[path = "venue_contract/books.rs"]
mod books;
#[path = "venue_contract/checksums.rs"]
mod checksums;
#[path = "venue_contract/clocks.rs"]
mod clocks;
#[path = "venue_contract/disconnects.rs"]
mod disconnects;
#[path = "venue_contract/faults.rs"]
mod faults;
#[path = "venue_contract/lines.rs"]
mod lines;
#[path = "venue_contract/liveness.rs"]
mod liveness;
#[path = "venue_contract/quality.rs"]
mod quality;
#[path = "venue_contract/recovery.rs"]
mod recovery;
#[path = "venue_contract/reference.rs"]
mod reference;
#[path = "venue_contract/returns.rs"]
mod returns;
#[path = "venue_contract/rotation.rs"]
mod rotation;
#[path = "venue_contract/subscriptions.rs"]
mod subscriptions;
mod support;
#[path = "venue_contract/tape.rs"]
mod tape;
#[path = "venue_contract/widening.rs"]
mod widening;

use feedd_codecs::record::{GapCause, GapEnd, Kind, StatusCode};
use feedd_codecs::venue::Channel;
use feedd_codecs::{InstrumentId, Record};

use audits::*;
use book_quality::*;
use books::*;
use checksums::*;
use clocks::*;
use disconnects::*;
use faults::*;
use lines::*;
use liveness::*;
use quality::*;
use recovery::*;
use reference::*;
use returns::*;
use rotation::*;
use subscriptions::*;
use support::rig::{Rig, Taken};
use support::script::{Asked, Script};
use widening::*;

const MS: i64 = 1_000_000;

fn kinds(records: &[Taken]) -> Vec<Kind> {
    records.iter().map(|taken| taken.get().kind()).collect()
}

/// Cause, channel, instrument and bounds of the gaps that were opened.
fn gaps(records: &[Taken]) -> Vec<(InstrumentId, Channel, GapCause, u64, u64)> {
    let gap = |taken: &Taken| match taken.get() {
        Record::Gap(gap) if gap.end == GapEnd::OPEN => Some((
            gap.header.instrument,
            gap.channel,
            gap.cause,
            gap.first_seq,
            gap.last_seq,
        )),
        _ => None,
    };
    records.iter().filter_map(gap).collect()
}

/// How the gaps of a channel ended, begin included.
fn ends(records: &[Taken], channel: Channel) -> Vec<GapEnd> {
    let end = |taken: &Taken| match taken.get() {
        Record::Gap(gap) if gap.channel == channel => Some(gap.end),
        _ => None,
    };
    records.iter().filter_map(end).collect()
}

/// Code, instrument, channel and text of the status records.
fn statuses(records: &[Taken]) -> Vec<(StatusCode, InstrumentId, Channel, String)> {
    let status = |taken: &Taken| match taken.get() {
        Record::Status(head, text) => Some((
            head.code,
            head.header.instrument,
            head.channel,
            text.to_owned(),
        )),
        _ => None,
    };
    records.iter().filter_map(status).collect()
}

/// Breaks the book of instrument 0 by losing one update, and tells the next.
fn lose_one_update<S: Script>(rig: &mut Rig<S>) {
    rig.touch(0);
    let next = rig.touch(0);
    rig.book_frame(0, &next).unwrap();
}

/// A book stream's requests for instrument `at` since the `from`th message of ours.
fn book_asks<S: Script>(rig: &Rig<S>, at: usize, from: usize) -> Vec<Asked> {
    let stream = (rig.truths[at].symbol.clone(), Channel::BOOK);
    let about = rig.requests().into_iter().skip(from);
    about
        .filter(|request| request.streams.contains(&stream))
        .map(|request| request.ask)
        .collect()
}

macro_rules! venue_contract {
    ($($venue:ident => $script:ty),+ $(,)?) => {
        $(venue_contract! { @cases $venue, $script:
            vc_010_requests_stay_within_the_limits,
            vc_011_pings_go_out_on_time,
            vc_012_pings_keep_the_pace,
            vc_020_an_acknowledgement_becomes_a_status_record,
            vc_030_a_refusal_touches_only_its_stream,
            vc_040_snapshot_and_deltas_make_a_live_book,
            vc_041_the_first_snapshot_is_told_whole,
            vc_042_trades_and_best_prices_keep_their_values,
            vc_050_a_gap_of_one_marks_its_book_until_the_snapshot,
            vc_060_a_duplicate_changes_nothing,
            vc_070_a_disconnect_is_a_gap_in_every_live_stream,
            vc_071_a_snapshot_from_before_the_disconnect_is_not_believed,
            vc_072_an_unannounced_end_is_a_hole_with_bounds,
            vc_080_a_refused_frame_changes_nothing,
            vc_090_an_unanswered_subscription_closes_its_line,
            vc_100_held_updates_are_bounded,
            vc_110_a_finer_price_widens_instrument_and_book,
            vc_120_a_checkpoint_repeats_instruments_and_live_books,
            vc_130_a_stale_snapshot_is_asked_for_again,
            vc_140_the_same_input_gives_the_same_bytes,
            vc_150_dropped_frames_are_a_gap_in_their_line,
            vc_160_an_unhealed_book_is_asked_for_with_growing_pauses,
            vc_161_a_book_that_does_not_hold_is_not_asked_for_in_a_circle,
            vc_162_books_that_break_together_are_asked_for_in_turn,
            vc_170_an_unknown_field_is_counted_and_passes,
            vc_180_facts_are_plausible,
            vc_190_lines_open_without_reference_data,
            vc_200_the_first_arrival_wins_and_its_copy_is_counted,
            vc_201_a_message_lost_on_one_line_is_no_gap_and_comes_once,
            vc_202_one_line_down_leaves_the_feed_whole,
            vc_203_what_both_lines_lost_is_one_gap_with_its_end,
            vc_204_the_beginning_of_a_second_line_does_not_disturb_a_live_book,
            vc_205_a_new_numbering_of_books_is_taken_once,
            vc_206_best_prices_told_once_more_are_taken_once,
            vc_207_messages_swapped_within_the_wait_are_no_gap,
            vc_208_messages_swapped_for_too_long_are_one_gap,
            vc_209_updates_that_wait_leave_once_however_many_lines_bring_them,
            vc_210_what_a_slow_line_owed_when_it_ended_is_no_silent_hole,
            vc_211_lines_that_end_in_turn_and_overlap_leave_no_gap,
            vc_212_dropped_records_are_one_gap_of_each_stream_on_two_lines,
            vc_213_an_update_with_a_wrong_checksum_is_not_hidden_by_the_next,
            vc_214_past_trades_of_a_subscription_say_nothing_of_the_clock,
            vc_215_a_spoiled_update_is_missed_though_the_next_has_its_stamp,
            vc_216_a_spoiled_copy_on_a_quiet_line_leaves_the_feed_whole,
            vc_217_updates_that_cannot_wait_hide_none_that_waits,
            vc_218_a_line_that_begins_ahead_of_the_book_hides_no_update,
            vc_219_a_snapshot_of_a_slower_line_hides_no_update,
            vc_220_nothing_is_missed_when_the_venues_clock_goes_back,
            vc_221_a_line_that_is_far_behind_brings_nothing_twice_and_breaks_nothing,
            vc_222_best_prices_numbered_anew_are_told_from_the_first_on,
            vc_223_a_best_price_behind_its_successor_is_told_once,
            vc_224_best_prices_out_of_order_behind_a_gap_are_late,
            vc_225_wrong_stamps_of_one_line_leave_no_trace,
            vc_226_a_finer_price_between_two_copies_makes_neither_news,
            vc_227_best_prices_stamped_before_the_end_of_a_gap_are_late,
            vc_300_a_hole_in_trades_is_told_asked_for_and_filled_once,
            vc_301_a_page_with_a_part_of_a_hole_leads_to_the_next,
            vc_302_what_rest_does_not_bring_is_lost_once,
            vc_303_a_disconnect_between_two_trades_ends_with_nothing,
            vc_304_a_disconnect_that_missed_trades_is_recovered,
            vc_305_live_trades_go_on_during_a_recovery,
            vc_306_trades_numbered_anew_are_a_gap_of_their_own,
            vc_307_a_trade_far_ahead_does_not_stop_the_stream,
            vc_308_holes_are_bounded_and_none_is_silent,
            vc_309_a_hole_in_parts_ends_once_when_trades_are_numbered_anew,
            vc_309_trades_with_ids_are_recovered_as_far_as_rest_reaches,
            vc_310_disconnects_while_rest_is_asked_have_an_end_each,
            vc_311_what_the_ring_dropped_is_lost_whatever_the_numbers_say,
            vc_312_every_gap_has_one_end_whatever_happens,
            vc_313_a_wide_hole_is_paged_back_as_far_as_rest_reaches,
            vc_400_a_replaced_line_leaves_no_gap_and_no_copy,
            vc_401_a_line_whose_heir_never_connects_stays,
            vc_402_an_old_line_that_ends_in_the_overlap_leaves_no_gap,
            vc_403_an_old_line_that_ends_before_its_heir_is_there_is_a_gap,
            vc_404_an_announced_end_brings_the_replacement_forward,
            vc_405_two_lines_of_one_feed_are_replaced_one_after_the_other,
            vc_406_a_line_number_that_is_used_again_confuses_nothing,
            vc_407_a_frame_of_a_line_that_is_gone_changes_nothing,
            vc_500_a_stream_that_stays_silent_is_told_renewed_and_moved,
            vc_501_the_timer_is_learned_from_the_streams_own_pace,
            vc_502_a_quiet_instrument_raises_no_alarm,
            vc_503_a_stream_silent_on_one_line_leaves_the_feed_whole,
            vc_504_a_stream_subscribed_anew_on_its_only_line_has_a_gap,
            vc_505_a_book_that_dies_young_while_trades_go_on_is_renewed,
            vc_600_a_price_out_of_range_is_doubted_and_counted,
            vc_601_a_price_that_persists_becomes_the_level,
            vc_602_a_quantity_of_zero_is_doubted_and_counted,
            vc_603_a_price_off_the_tick_is_doubted_and_counted,
            vc_604_a_book_that_stays_crossed_breaks,
            vc_605_a_stamp_in_the_future_is_doubted_and_counted,
            vc_606_a_stamp_that_goes_back_is_doubted_and_counted,
            vc_607_a_second_trade_under_one_name_is_doubted_and_counted,
            vc_608_one_id_under_two_numbers_is_doubted,
            vc_609_a_book_that_stands_still_while_its_instrument_trades_is_told,
            vc_610_a_book_of_too_many_levels_is_flagged,
            vc_611_an_update_that_waited_keeps_its_flag,
            vc_612_trades_of_the_past_see_the_rules,
            vc_613_an_ordinary_market_breaks_no_rule,
            vc_700_a_book_that_equals_its_snapshot_is_on_record,
            vc_701_a_book_that_differs_is_on_record_and_synchronised_anew,
            vc_702_a_comparison_that_fails_changes_nothing,
            vc_800_what_is_listed_at_the_start_is_added_first,
            vc_801_a_change_of_tick_or_state_is_one_record_with_its_time,
            vc_802_a_removal_ends_an_instrument_and_a_relisting_adds_it,
            vc_803_an_empty_list_is_not_believed,
            vc_804_a_list_of_less_than_half_must_be_repeated,
            vc_805_the_most_traded_follow_their_turnover,
            vc_806_a_pattern_follows_the_list,
            vc_807_no_record_names_what_was_not_introduced,
            vc_808_announcements_are_followed_with_a_pause,
            vc_809_an_empty_ranking_is_not_believed,
            vc_810_reference_data_that_never_came_is_asked_for_again,
            vc_811_a_return_begins_without_a_past,
            vc_812_an_order_level_book_leaves_and_comes_back,
            vc_813_a_return_is_judged_without_its_past,
            vc_814_what_is_picked_later_does_not_go_on_where_a_run_before_stood,
        })+
    };
    (@cases $venue:ident, $script:ty: $($case:ident),+ $(,)?) => {
        mod $venue {
            $(#[test]
            fn $case() {
                crate::$case::<$script>();
            })+
        }
    };
}

venue_contract! {
    binance_spot => crate::support::binance::Spot,
    binance_usdm => crate::support::binance::UsdM,
    binance_coinm => crate::support::binance::CoinM,
    bybit_spot => crate::support::bybit::Spot,
    bybit_linear => crate::support::bybit::Linear,
    bybit_inverse => crate::support::bybit::Inverse,
    bybit_option => crate::support::bybit::Options,
    kraken_spot => crate::support::kraken::Spot,
    kraken_futures => crate::support::kraken_futures::Futures,
}
