#!/bin/sh
# Fuzzes one venue's two paths against each other: codecs/fuzz/run.sh binance [seconds]
#
# Needs cargo-fuzz (`cargo install cargo-fuzz`); RUSTC_BOOTSTRAP lets a stable compiler take the
# sanitizer flags. The corpus begins with the samples of the property test, one input a line, in each
# of the ways that an input's first byte chooses.
set -eu
cd "$(dirname "$0")"
venue=$1
seconds=${2:-600}
samples=../tests/scan_equals_fallback
mkdir -p "corpus/$venue"
number=0
for file in "$samples/$venue"*.txt; do
    # Kraken's two venues share the beginning of their names.
    case "$venue $file" in "kraken "*futures*) continue ;; esac
    while IFS= read -r line; do
        for choice in @ Q ! '\211' '\301' '\321'; do
            number=$((number + 1))
            printf "$choice%s\n%s" "$line" "$line" >"corpus/$venue/seed-$number"
        done
    done <"$file"
done
RUSTC_BOOTSTRAP=1 cargo fuzz run "$venue" -- -max_total_time="$seconds" -max_len=2048 \
    -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
