//! Order statistics: the only kind used, because a shared machine spoils every mean.

/// The `share` (0 to 1) quantile of `sorted`, 0 when there is nothing.
pub fn quantile<T: Copy + Default>(sorted: &[T], share: f64) -> T {
    let last = sorted.len().saturating_sub(1);
    let at = (share * last as f64).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}

/// The median of `values`, which get sorted.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    quantile(values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_hundred_and_one_values_are_their_ranks() {
        let values: Vec<u64> = (0..=100).collect();
        assert_eq!(quantile(&values, 0.5), 50);
        assert_eq!(quantile(&values, 0.99), 99);
        assert_eq!(quantile(&values, 1.0), 100);
        assert_eq!(quantile::<u64>(&[], 0.5), 0);
    }

    #[test]
    fn median_does_not_care_for_order() {
        assert!((median(&mut [9.0, 1.0, 5.0]) - 5.0).abs() < 1e-9);
    }
}
