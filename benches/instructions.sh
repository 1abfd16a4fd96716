#!/bin/sh
# Instructions per message of the scanners and of the general path, counted by valgrind's callgrind,
# with their ratio. Exits with 1 where a ratio is below the least that its class may have. The counts
# are the same on every run of one binary, so this is what the project's check gates on.
#
# usage: benches/instructions.sh [quick | class...]
#   quick: one class of each venue and kind, a tenth of the messages; two minutes with the build
set -eu
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "instructions.sh: valgrind is missing" >&2; exit 69; }
cargo build -q --locked -p feedd-codecs --release --example decode_instructions
program="${CARGO_TARGET_DIR:-target}/release/examples/decode_instructions"
counted=1000
quick="binance_book_ticker binance_depth_20 bybit_trade_x1 bybit_book_10 kraken_trade kraken_book
    bybit_rpi_10 kraken_futures_ticker"
all="$quick binance_trade binance_depth_175 bybit_trade_x5 bybit_snapshot_50_50 kraken_futures_ticker_lite"
case "${1:-}" in
    "") classes=$all ;;
    quick) classes=$quick counted=100 ;;
    *) classes=$* ;;
esac

count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
        --toggle-collect='*counted_run*' "$program" "$1" "$2" "$counted" 2>&1 |
        sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p'
}

# Tenths: some 15 in a hundred below what was measured when the gate was set.
least() {
    case "$1" in
        binance_depth*) echo 83 ;;
        binance* | bybit_trade_x1) echo 150 ;;
        bybit_snapshot*) echo 85 ;;
        bybit_trade_x5) echo 92 ;;
        bybit_book*) echo 66 ;;
        bybit_rpi*) echo 62 ;;
        kraken_futures_ticker_lite) echo 46 ;;
        kraken_futures*) echo 51 ;;
        kraken_trade) echo 118 ;;
        kraken*) echo 83 ;;
        *) echo 66 ;;
    esac
}

failed=0
printf '%-26s %10s %10s %7s %7s\n' class scanner general ratio least
for class in $classes; do
    fast=$(count "$class" scanner)
    slow=$(count "$class" general)
    [ -n "$fast" ] && [ -n "$slow" ] || { echo "instructions.sh: $class was not counted" >&2; exit 70; }
    ratio=$((slow * 10 / fast))
    printf '%-26s %10d %10d %5d.%d %5d.%d\n' "$class" $((fast / counted)) $((slow / counted)) \
        $((ratio / 10)) $((ratio % 10)) $(($(least "$class") / 10)) $(($(least "$class") % 10))
    [ "$ratio" -ge "$(least "$class")" ] || failed=1
done
exit $failed
