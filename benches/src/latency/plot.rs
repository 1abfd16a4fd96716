//! Curves of percentiles as SVG.

use std::path::Path;

use hdrhistogram::Histogram;
use plotters::prelude::*;

use super::Error;
use super::summary::percentile;

/// Place on the axis (thousandths of a nine), percentile in parts of ten thousand.
const POINTS: [(i32, u64); 12] = [
    (0, 1),
    (125, 2_500),
    (301, 5_000),
    (602, 7_500),
    (1_000, 9_000),
    (1_301, 9_500),
    (1_602, 9_750),
    (2_000, 9_900),
    (2_301, 9_950),
    (3_000, 9_990),
    (3_301, 9_995),
    (4_000, 9_999),
];
/// Where the maximum stands.
const MAX_AT: i32 = 4_600;
const SIZE: (u32, u32) = (900, 480);

/// Draws one curve for each name.
///
/// # Errors
///
/// [`Error`] if the file cannot be written.
pub fn draw(path: &Path, title: &str, curves: &[(String, &Histogram<u64>)]) -> Result<(), Error> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE).map_err(Error::other)?;
    let least = curves
        .iter()
        .map(|(_, one)| percentile(one, 1))
        .min()
        .unwrap_or(1)
        .max(1);
    let most = curves
        .iter()
        .map(|(_, one)| one.max())
        .max()
        .unwrap_or(2)
        .max(2 * least);
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(72)
        .build_cartesian_2d(
            (0..MAX_AT + 100).with_key_points(TICKS.map(|tick| tick.0).to_vec()),
            (least..most).log_scale(),
        )
        .map_err(Error::other)?;
    chart
        .configure_mesh()
        .x_label_formatter(&|at| label(*at))
        .y_label_formatter(&|ns| format!("{} us", micros(*ns)))
        .x_desc("percentile")
        .light_line_style(WHITE)
        .draw()
        .map_err(Error::other)?;
    for (at, (name, histogram)) in curves.iter().enumerate() {
        let colour = Palette99::pick(at).to_rgba();
        let points = POINTS
            .iter()
            .map(|(x, parts)| (*x, percentile(histogram, *parts).max(1)));
        let points = points.chain([(MAX_AT, histogram.max().max(1))]);
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))
            .map_err(Error::other)?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(BLACK.mix(0.3))
        .draw()
        .map_err(Error::other)?;
    root.present().map_err(Error::other)
}

/// Places with a label.
const TICKS: [(i32, &str); 7] = [
    (0, "0"),
    (301, "p50"),
    (1_000, "p90"),
    (2_000, "p99"),
    (3_000, "p99.9"),
    (4_000, "p99.99"),
    (MAX_AT, "max"),
];

fn label(at: i32) -> String {
    let tick = TICKS.iter().find(|tick| tick.0 == at);
    tick.map_or(String::new(), |tick| tick.1.to_owned())
}

/// Nanoseconds as microseconds: a decimal only below ten.
fn micros(ns: u64) -> String {
    match ns {
        0..10_000 => format!("{}.{}", ns / 1_000, ns % 1_000 / 100),
        _ => (ns / 1_000).to_string(),
    }
}
