#!/usr/bin/env bash
# fuzz.sh SECONDS: builds the fuzz targets and runs each for its share of the time, from seeds it makes.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ -f build/fuzz/build.ninja ] || cmake --preset fuzz >/dev/null
cmake --build build/fuzz --target fuzzers -j "$(nproc)" | tail -1
mkdir -p build/fuzz/corpus/{frame,kline,capture,manifest,manifest_list,table_metadata,settings,query}
printf 'category=linear&symbol=BTCUSDT&interval=1m&start=1785542400000&limit=5' >build/fuzz/corpus/query/seed
printf '%s' '{"topic":"kline.1.BTCUSDT","data":[{"start":1786310760000,"end":1786310819999,"interval":"1","open":"65119.9","close":"65114.2","high":"65119.9","low":"65114.2","volume":"3.712","turnover":"241712.1394","confirm":true,"timestamp":1786310820441}],"ts":1786310820441,"type":"snapshot"}' \
  >build/fuzz/corpus/kline/seed
printf '[commit]\nmax_rows = 1000\ninterval = "2m"\n' >build/fuzz/corpus/settings/seed
# Frames of the simulator are better starting points than nothing.
if [ -x build/release/tradelake ]; then
  build/release/tradelake simulate --write-capture build/fuzz/seeds.tsv --frames 200 --seed 1 \
    --faults malformed=0.2,unknown=0.2,missing=0.2,keys=0.5,numbers=0.2,extreme=0.2 >/dev/null
  n=0
  while IFS=$'\t' read -r _ _ frame; do
    n=$((n + 1)); printf '%s' "$frame" >"build/fuzz/corpus/frame/seed-$n"
  done < <(LC_ALL=C head -200 build/fuzz/seeds.tsv)
  head -20 build/fuzz/seeds.tsv >build/fuzz/corpus/capture/seed
  zstd -qf build/fuzz/corpus/capture/seed -o build/fuzz/corpus/capture/seed-zstd
  # So are the files of a lake.
  rm -rf build/fuzz/lake
  build/release/tradelake run --data-dir build/fuzz/lake --source replay:build/fuzz/seeds.tsv --speed max \
    --exit-when-done --listen 127.0.0.1:0 >/dev/null 2>&1
  for file in build/fuzz/lake/warehouse/*/*/metadata/*; do
    case $file in
      *snap-*.avro) cp "$file" build/fuzz/corpus/manifest_list/ ;;
      *.avro) cp "$file" build/fuzz/corpus/manifest/ ;;
      *.metadata.json) cp "$file" build/fuzz/corpus/table_metadata/ ;;
    esac
  done
fi
targets=(frame kline bybit decimal record_batch capture query settings manifest manifest_list table_metadata)
share=$((seconds / ${#targets[@]} + 1))
for target in "${targets[@]}"; do
  mkdir -p "build/fuzz/corpus/$target"
  "build/fuzz/tests/fuzz/fuzz_$target" -max_total_time="$share" -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 \
    "build/fuzz/corpus/$target" >"build/fuzz/$target.log" 2>&1 || { tail -30 "build/fuzz/$target.log"; exit 1; }
  grep -E 'DONE' "build/fuzz/$target.log" | sed "s/^/$target: /"
done
