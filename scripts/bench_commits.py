#!/usr/bin/env python3
"""Ten thousand small commits into one table with maintenance on: does the last one cost what the first did?

bench_commits.py [--commits 10000] [--rows 200] [--rate 8000] [--svg FILE]

Collects from a simulated exchange with a commit every 200 rows, while merging, expiry and retention run as always. Says p50 and
p99 of each tenth of the commits, and every second the size of metadata.json, the files on disk and the memory of the process.
"""

import argparse
import os
import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BINARY = os.environ.get("TRADELAKE_BINARY", ROOT / "build/release/tradelake")
COMMITTED = re.compile(r"event=committed pipeline=bronze commits=\d+ took_us=(\d+)")


def samples(process, folder, taken):
    """[(commits so far, bytes of metadata.json, files, resident MiB)], a row a second until the process ends."""
    table = folder / "warehouse/bronze/trades"
    while process.poll() is None:
        time.sleep(1)
        try:
            newest = max((table / "metadata").glob("*.metadata.json"), key=lambda file: file.name, default=None)
            files = sum(len(names) for _, _, names in os.walk(table))
            status = Path(f"/proc/{process.pid}/status").read_text()
            resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024
            taken.append((len(TOOK_US), newest.stat().st_size if newest else 0, files, resident))
        except (FileNotFoundError, TypeError):  # a file that went, or a process that ended, in between
            continue


TOOK_US = []


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))]


def polyline(points, width, height, color, top):
    most = max(y for _, y in points) * 1.05 or 1
    last = max(x for x, _ in points)
    path = " ".join(f"{60 + x / last * width:.1f},{top + height - y / most * height:.1f}" for x, y in points)
    return f'<polyline fill="none" stroke="{color}" stroke-width="1.5" points="{path}"/>', most


def plot(tenths, taken, file):
    """p50 and p99 by tenth; metadata.json, files and memory over the commits: four strips below each other."""
    width, height, gap = 620, 70, 34
    size = len(TOOK_US) / 10
    strips = [("commit p50, ms", "#2a6fdb", [(k * size + size / 2, p50) for k, (p50, _) in enumerate(tenths)]),
              ("commit p99, ms", "#c2410c", [(k * size + size / 2, p99) for k, (_, p99) in enumerate(tenths)]),
              ("metadata.json, KB", "#15803d", [(row[0], row[1] / 1000) for row in taken]),
              ("files of the table", "#7c3aed", [(row[0], row[2]) for row in taken]),
              ("memory, MiB", "#475569", [(row[0], row[3]) for row in taken])]
    total = len(strips) * (height + gap) + 30
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 90}" height="{total}" font-family="sans-serif" font-size="11">',
           '<rect width="100%" height="100%" fill="white"/>']
    for n, (name, color, points) in enumerate(strips):
        top = 24 + n * (height + gap)
        line, most = polyline(points, width, height, color, top)
        out += [f'<text x="60" y="{top - 6}" fill="{color}">{name}</text>',
                f'<path d="M60 {top}V{top + height}H{60 + width}" fill="none" stroke="#bbb"/>',
                f'<text x="54" y="{top + 8}" text-anchor="end">{most:.0f}</text><text x="54" y="{top + height}" text-anchor="end">0</text>', line]
    out += [f'<text x="{60 + width}" y="{total - 10}" text-anchor="end">{len(TOOK_US)} commits</text>', "</svg>"]
    Path(file).write_text("\n".join(out) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--rows", default="200")
    parser.add_argument("--rate", default="8000")
    parser.add_argument("--svg")
    arguments = parser.parse_args()
    exchange = subprocess.Popen([BINARY, "simulate", "--rate", arguments.rate, "--symbols", "linear:20,spot:10"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        source = re.search(r"ws://[^/\s]+", exchange.stdout.readline())[0]
        collect(source, arguments)
    finally:
        exchange.kill()


def collect(source, arguments):
    taken = []
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "data"
        process = subprocess.Popen(
            [BINARY, "run", "--data-dir", folder, "--source", source, "--symbols", "linear:*,spot:*", "--listen", "127.0.0.1:0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"TRADELAKE_COMMIT_MAX_ROWS": arguments.rows, "TRADELAKE_LOG_LEVEL": "debug"})
        sampler = threading.Thread(target=samples, args=(process, folder, taken))
        sampler.start()
        for line in process.stderr:
            if found := COMMITTED.search(line):
                TOOK_US.append(int(found[1]))
                if len(TOOK_US) == arguments.commits:
                    process.terminate()
        sampler.join()
        assert process.returncode == 0, process.returncode
    say(taken, arguments.svg)


def say(taken, svg):
    size = len(TOOK_US) // 10
    tenths = [TOOK_US[n * size:(n + 1) * size] for n in range(10)]
    tenths = [(quantile(part, 0.5) / 1000, quantile(part, 0.99) / 1000) for part in tenths]
    for n, (p50, p99) in enumerate(tenths):
        print(f"commits {n * size + 1} to {(n + 1) * size}: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    (first50, first99), (last50, last99) = tenths[0], tenths[-1]
    print(f"{len(TOOK_US)} commits: p50 {quantile(TOOK_US, 0.5) / 1000:.1f} ms, p99 {quantile(TOOK_US, 0.99) / 1000:.1f} ms; "
          f"last tenth to first: p50 {last50 / first50:.2f}, p99 {last99 / first99:.2f}")
    half = taken[len(taken) // 2:]
    print(f"metadata.json at most {max(row[1] for row in taken) / 1000:.0f} KB; files at most {max(row[2] for row in taken)}; "
          f"resident at most {max(row[3] for row in taken):.0f} MiB, in the second half {min(row[3] for row in half):.0f} to "
          f"{max(row[3] for row in half):.0f}")
    if svg:
        plot(tenths, taken, svg)


if __name__ == "__main__":
    main()
