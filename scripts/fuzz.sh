#!/usr/bin/env bash
# fuzz.sh SECONDS: builds the fuzz targets and runs each for its share of the time, from seeds it makes.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ -f build/fuzz/build.ninja ] || cmake --preset fuzz >/dev/null
cmake --build build/fuzz --target fuzzers -j "$(nproc)" | tail -1
mkdir -p build/fuzz/corpus/frame build/fuzz/corpus/bybit
# Frames of the simulator are better starting points than nothing.
if [ -x build/release/tradelake ]; then
  build/release/tradelake simulate --write-capture build/fuzz/seeds.tsv --frames 200 --seed 1 \
    --faults malformed=0.2,unknown=0.2,missing=0.2,keys=0.5,numbers=0.2,extreme=0.2 >/dev/null
  n=0
  while IFS=$'\t' read -r _ _ frame; do
    n=$((n + 1)); printf '%s' "$frame" >"build/fuzz/corpus/frame/seed-$n"
  done < <(LC_ALL=C head -200 build/fuzz/seeds.tsv)
fi
targets=(frame bybit decimal record_batch avro table_metadata)
share=$((seconds / ${#targets[@]} + 1))
for target in "${targets[@]}"; do
  mkdir -p "build/fuzz/corpus/$target"
  "build/fuzz/tests/fuzz/fuzz_$target" -max_total_time="$share" -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 \
    "build/fuzz/corpus/$target" >"build/fuzz/$target.log" 2>&1 || { tail -30 "build/fuzz/$target.log"; exit 1; }
  grep -E 'DONE' "build/fuzz/$target.log" | sed "s/^/$target: /"
done
