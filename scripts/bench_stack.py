#!/usr/bin/env python3
"""From Kafka into committed Iceberg tables: rate, CPU of sink, broker and S3 server, and how long a commit takes.

bench_stack.py CAPTURE

Starts a stack of its own, puts the capture into Kafka once, and lets new lakes read all of it: on the local disk with a
catalog in SQLite, and in MinIO with a catalog in PostgreSQL. Wall time is from start of the process to its exit.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BINARY = os.environ.get("TRADELAKE_BINARY", ROOT / "build/release/tradelake")
STACK = "bench"
RUNS = 3


def stack(*arguments):
    done = subprocess.run([sys.executable, ROOT / "scripts/stack.py", *arguments], capture_output=True, text=True,
                          env=os.environ | {"TRADELAKE_STACK": STACK})
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return done.stdout


def stack_values():
    lines = (ROOT / f"build/stack-{STACK}.env").read_text().splitlines()
    pairs = (line.removeprefix("export ").split("=", 1) for line in lines)
    return {key: value.strip("'") for key, value in pairs}


def process_cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")  # and of its children that have ended


class Servers:
    """CPU seconds of the services since the last look."""

    def __init__(self, names):
        self.pids = {name: int(stack("status", name).rsplit("pid ", 1)[1].split()[0]) for name in names}
        self.before = {}
        self.since()

    def since(self):
        now = {name: process_cpu_s(pid) for name, pid in self.pids.items()}
        used = {name: now[name] - self.before.get(name, 0) for name in now}
        self.before = now
        return used


def local(values, folder):
    return values | {"TRADELAKE_CATALOG": f"sqlite:{folder}/catalog.db", "TRADELAKE_WAREHOUSE": f"file://{folder}/warehouse"}


def remote(values, folder):
    name = f"b{time.monotonic_ns()}"
    base = values["TRADELAKE_CATALOG"].rsplit("/", 1)[0]
    subprocess.run(["psql", "-q", values["TRADELAKE_CATALOG"], "-c", f"CREATE DATABASE {name}"], check=True,
                   env=os.environ | values)
    return values | {"TRADELAKE_CATALOG": f"{base}/{name}", "TRADELAKE_WAREHOUSE": f"s3://tradelake/lake/{name}"}


def backlog(what, make, values, servers):
    """One sink reads all that is in Kafka and ends."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | make(values, folder)
        servers.since()
        with open(f"{folder}/out", "w+") as out, open(f"{folder}/err", "w+") as err:
            begin = time.monotonic()
            process = subprocess.Popen([BINARY, "sink", "--data-dir", f"{folder}/data", "--exit-when-done"],
                                       env=environment, stdout=out, stderr=err)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - begin
            out.seek(0)
            err.seek(0)
            done, complaint = re.search(r"done: (\d+) trades", out.read()), err.read()[-2000:]
    if status != 0 or not done:
        sys.exit(f"the sink ended with {os.waitstatus_to_exitcode(status)}\n{complaint}")
    trades = int(done[1])
    used = {"sink": usage.ru_utime + usage.ru_stime} | servers.since()
    shares = ", ".join(f"{name} {seconds / trades * 1e6:.2f}" for name, seconds in used.items())
    print(f"{what}: {trades} trades in {wall:.2f} s = {trades / wall / 1e3:.0f} k/s; CPU s per million: {shares}; "
          f"peak of the sink {usage.ru_maxrss / 1024:.0f} MiB", flush=True)


def histogram(text, name, pipeline):
    found = re.findall(rf'^{name}_bucket{{pipeline="{pipeline}",le="([^"]+)"}} (\d+)$', text, re.M)
    return [(float(bound), int(count)) for bound, count in found]


def quantile_s(buckets, q):
    """By straight lines within a bucket, as Prometheus does."""
    rank, below, low = q * buckets[-1][1], 0, 0.0
    for bound, count in buckets:
        if count >= rank:
            return low + (bound - low) * (rank - below) / max(1, count - below)
        below, low = count, bound
    return low


def commits(what, make, values, rows):
    """A sink that commits each `rows` trades or a little more; how long that takes, by its own histogram."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | make(values, folder) | {"TRADELAKE_COMMIT_MAX_ROWS": str(rows)}
        process = subprocess.Popen([BINARY, "sink", "--data-dir", f"{folder}/data"], env=environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        url = process.stdout.readline().split()[-1]
        buckets, before, quiet_since = [], -1, time.monotonic()
        # Until there are enough, or the backlog is at its end.
        while not buckets or (buckets[-1][1] < 500 and time.monotonic() - quiet_since < 10):
            if buckets and buckets[-1][1] != before:
                before, quiet_since = buckets[-1][1], time.monotonic()
            time.sleep(0.1)
            text = urllib.request.urlopen(f"{url}/metrics", timeout=5).read().decode()
            buckets = histogram(text, "tradelake_commit_duration_seconds", "bronze")
        process.terminate()
        process.wait()
    print(f"{what}, {buckets[-1][1]} commits of {rows} rows: p50 {quantile_s(buckets, 0.5) * 1e3:.1f} ms, "
          f"p99 {quantile_s(buckets, 0.99) * 1e3:.1f} ms", flush=True)


def main():
    capture = sys.argv[1]
    stack("up", "kafka", "postgres", "minio")
    try:
        values = stack_values()
        servers = Servers(["kafka", "postgres", "minio"])
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([BINARY, "replay", "--data-dir", folder, capture], check=True, env=os.environ | values,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(RUNS):
            backlog("Kafka to a local lake", local, values, servers)
            backlog("Kafka to MinIO and PostgreSQL", remote, values, servers)
        commits("local lake", local, values, 1000)
        commits("MinIO and PostgreSQL", remote, values, 1000)
    finally:
        stack("down", "kafka", "postgres", "minio")


if __name__ == "__main__":
    main()
