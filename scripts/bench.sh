#!/usr/bin/env bash
# bench.sh: replay into committed bronze and silver, then Kafka into bronze on the real stack; with CPU seconds per million
# trades and peak memory. Last, candles from parsed trades on one core.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --build build/release --target tradelake bench_candles -j "$(nproc)" | tail -1
binary=build/release/tradelake
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
$binary simulate --write-capture "$work/capture.tsv" --frames "${FRAMES:-1000000}" --seed 5 --rate 20000 \
  --symbols linear:60,spot:30,inverse:10,option:3
for run in 1 2 3; do
  rm -rf "$work/data"
  .venv/bin/python - "$binary" "$work" <<'PY'
import re, resource, subprocess, sys, time
binary, work = sys.argv[1:]
begin = time.monotonic()
out = subprocess.run([binary, "run", "--data-dir", f"{work}/data", "--source", f"replay:{work}/capture.tsv", "--speed", "max",
                      "--exit-when-done", "--listen", "127.0.0.1:0"], capture_output=True, text=True, check=True).stdout
wall = time.monotonic() - begin
used = resource.getrusage(resource.RUSAGE_CHILDREN)
trades = int(re.search(r"done: (\d+) trades", out)[1])
cpu = used.ru_utime + used.ru_stime
print(f"replay: {trades} trades in {wall:.2f} s = {trades / wall / 1e3:.0f} k/s; "
      f"{cpu / trades * 1e6:.2f} CPU s per million; peak {used.ru_maxrss / 1024:.0f} MiB")
PY
done
.venv/bin/python scripts/bench_stack.py "$work/capture.tsv"
build/release/bench_candles
