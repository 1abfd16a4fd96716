//! Kernel receive stamps, from the socket to the journal, in both modes of a reader.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::time::Duration;

use feedd::pipeline::{Latencies, Pipeline};
use feedd_codecs::raw::{Carrier, RawHead};
use feedd_storage::{LogReader, Start};
use support::{Rig, market, wait_for};
use venue_sim::{Product, SimConfig};

/// Captures for a while; the stamps (kernel, user) of every frame that came on a line, and the
/// latencies.
fn capture(tls: bool, poll: &str, kernel_stamps: bool) -> (Vec<(i64, i64)>, Latencies) {
    let products = [Product::BinanceSpot, Product::KrakenSpot];
    let mut rig = Rig::with(&SimConfig {
        tls,
        ..market(&products, 200)
    });
    for feed in &mut rig.config.feeds {
        feed.poll = poll.to_owned();
        feed.kernel_stamps = kernel_stamps;
    }
    rig.config.check().unwrap();
    let (pipeline, _) = Pipeline::start(&rig.config).unwrap();
    wait_for("every line delivers", || {
        let feeds = pipeline.feeds();
        feeds.iter().all(|feed| feed.counts.frames > 300)
    });
    std::thread::sleep(Duration::from_millis(200));
    let latencies = pipeline.stop().unwrap();
    let mut raw = LogReader::open(&rig.config.journal.dir.join("raw"), Start::Oldest).unwrap();
    let mut stamps = Vec::new();
    while let Some(frame) = raw.next().unwrap() {
        let (head, _) = RawHead::split(frame.payload).unwrap();
        let carrier = head.carrier;
        if carrier != Carrier::REST {
            stamps.push((head.ts_kernel, head.ts_recv));
        }
    }
    assert!(stamps.len() > 500, "{} frames", stamps.len());
    (stamps, latencies)
}

fn assert_stamped(tls: bool, poll: &str) {
    let (stamps, latencies) = capture(tls, poll, true);
    let stamped = stamps.iter().filter(|(kernel, _)| *kernel > 0);
    let (mut count, mut late) = (0_u64, 0);
    for (kernel, user) in stamped {
        assert!(kernel <= user, "{kernel} is after {user}");
        assert!(user - kernel < 60_000_000_000, "{kernel} is not of now");
        count += 1;
        late += u64::from(user - kernel > 1_000_000_000);
    }
    let frames = stamps.len() as u64;
    assert!(
        count * 4 > frames,
        "{count} of {frames} frames have a stamp"
    );
    assert!(late * 2 < count, "{late} of {count} waited for a second");
    let recorded = latencies
        .iter()
        .filter(|(tag, _)| tag.starts_with("kernel_user."));
    let recorded: u64 = recorded.map(|(_, histogram)| histogram.len()).sum();
    assert_eq!(recorded, count, "the histograms tell the same frames");
}

#[test]
fn frames_on_plain_lines_carry_stamps_of_the_kernel() {
    assert_stamped(false, "park");
    assert_stamped(false, "spin");
}

#[test]
fn frames_on_lines_with_tls_carry_stamps_of_the_kernel() {
    assert_stamped(true, "park");
    assert_stamped(true, "spin");
}

#[test]
fn records_say_that_no_stamp_is_given_where_none_is() {
    let (stamps, latencies) = capture(false, "park", false);
    assert!(
        stamps
            .iter()
            .all(|(kernel, user)| *kernel == 0 && *user > 0)
    );
    assert!(latencies.keys().all(|tag| !tag.starts_with("kernel_user.")));
}
