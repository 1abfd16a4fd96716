//! Identifiers in UUID form, made from what they name so that they repeat with the seed.

/// The UUID of an instrument's event `number`. Version and variant bits are those of RFC 9562
/// version 5.
pub(crate) fn uuid(symbol: &str, number: u64) -> String {
    let mut high = 0xcbf2_9ce4_8422_2325_u64;
    for byte in symbol.bytes() {
        high = (high ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let high = mixed(high ^ mixed(number));
    let low = mixed(high ^ number.rotate_left(32)) & 0x3fff_ffff_ffff_ffff | 1 << 63;
    let high = high & !0xf000 | 0x5000;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// A bijective mixing step (the finaliser of SplitMix64).
fn mixed(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}
