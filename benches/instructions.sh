#!/bin/sh
# Instructions per message of the scanners and of the general path, counted by valgrind's callgrind,
# with their ratio. Exits with 1 where a ratio is below the class's target (Class::least_ratio_x10).
#
# usage: benches/instructions.sh [class...]
set -eu
cd "$(dirname "$0")/.."
cargo build -q -p feedd-benches --release --bin decode_instructions
program="${CARGO_TARGET_DIR:-target}/release/decode_instructions"
counted=1000

count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
        --toggle-collect='*counted_run*' "$program" "$1" "$2" 2>&1 |
        sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p'
}

failed=0
least() {
    case "$1" in
        binance_depth*) echo 35 ;;
        bybit_book* | bybit_snapshot*) echo 28 ;;
        *) echo 45 ;;
    esac
}
classes="${*:-binance_book_ticker binance_trade binance_depth_20 binance_depth_175 bybit_trade_x1 bybit_trade_x5 bybit_book_10 bybit_snapshot_50_50 kraken_trade kraken_book}"
printf '%-22s %10s %10s %7s %7s\n' class scanner general ratio least
for class in $classes; do
    fast=$(count "$class" scanner)
    slow=$(count "$class" general)
    ratio=$((slow * 10 / fast))
    printf '%-22s %10d %10d %5d.%d %5d.%d\n' "$class" $((fast / counted)) $((slow / counted)) \
        $((ratio / 10)) $((ratio % 10)) $(($(least "$class") / 10)) $(($(least "$class") % 10))
    [ "$ratio" -ge "$(least "$class")" ] || failed=1
done
exit $failed
