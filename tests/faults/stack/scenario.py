"""One run of the stages under faults that a seed decides, and its verdict."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e"))

from lake import BINARY, tradelake
from oracle import Oracle, read_capture
from proxies import PostgresProxy, S3Proxy
from services import S3

FRAMES = 6_000
SPEED = 25  # about 8 s of replay
SECONDS = 9.0  # in which faults happen
SESSION = 6.0  # of a member of a Kafka group
# Small and frequent commits, so that a fault hits one.
BUSY = {"TRADELAKE_COMMIT_MAX_ROWS": "400", "TRADELAKE_COMMIT_INTERVAL": "100ms"}
FAULTS = "repeat=0.05,reorder=0.03,malformed=0.03,unknown=0.02,late=0.01"


class Stages:
    """Keeps two sinks, two candles and the replay going, as an init system would."""

    def __init__(self, folder, capture, environment, say):
        self.folder, self.environment, self.say = folder, os.environ | BUSY | environment, say
        self.commands = {"sink-1": ["sink"], "sink-2": ["sink"], "candles-1": ["candles"], "candles-2": ["candles"],
                         "replay": ["replay", "--speed", str(SPEED), str(capture)]}
        self.processes, self.logs, self.ends = {}, [], Counter()
        self.replayed = False
        for name in self.commands:
            self.start(name)

    def start(self, name):
        log = open(self.folder / f"{name}-{len(self.logs)}.log", "w")
        self.logs.append(log.name)
        self.processes[name] = subprocess.Popen([BINARY, *self.commands[name][:1], "--data-dir", self.folder / "data",
                                                 *self.commands[name][1:]], env=self.environment, stdout=log, stderr=log)

    def add(self, name):
        self.commands[name] = ["sink"]
        self.start(name)

    def remove(self, name):
        """For good, in form."""
        process = self.processes.pop(name, None)
        if process is not None:
            process.terminate()
            self.ended(name, process.wait(60))

    def signal(self, name, number):
        process = self.processes.get(name)
        if process is not None and process.poll() is None:
            process.send_signal(number)

    def ended(self, name, code):
        self.ends[code] += 1
        self.say(f"{name} ended with {code}")
        # -SIGTERM: while it was starting. 3 would be a writer that is not of the group; there is none.
        assert code in (0, 1, -signal.SIGKILL, -signal.SIGTERM), f"{name} ended with {code}\n{self.text()}"

    def revive(self):
        """Starts what has died again, except a replay that is done."""
        for name, process in list(self.processes.items()):
            code = process.poll()
            if code is None:
                continue
            self.ended(name, code)
            if name == "replay" and code == 0:
                self.replayed = True
                del self.processes[name]
            else:
                self.start(name)

    def finish(self, seconds=180):
        """Without faults any more: all of it committed, by themselves."""
        deadline = time.monotonic() + seconds
        while not self.replayed:
            assert time.monotonic() < deadline, f"the replay does not end\n{self.text()}"
            self.revive()
            time.sleep(0.1)
        for name in list(self.processes):
            self.signal(name, signal.SIGTERM)
        for name, process in self.processes.items():
            self.ended(name, process.wait(60))
        self.processes.clear()
        last = [self.start_last(stage) for stage in ("sink", "candles")]
        for name in last:
            code = self.processes[name].wait(max(1, deadline - time.monotonic()))
            assert code == 0, f"{name} ended with {code}\n{self.text()}"
        self.processes.clear()

    def start_last(self, stage):
        self.commands[f"{stage}-last"] = [stage, "--exit-when-done"]
        self.start(f"{stage}-last")
        return f"{stage}-last"

    def kill_all(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()

    def text(self):
        return "\n".join(f"== {name}\n{open(name).read()[-1500:]}" for name in self.logs[-8:])


@dataclass
class Fault:
    at: float
    name: str
    begin: callable
    lasts: float = 0.0
    end: callable = lambda: None


def draw(rng, stages, services):
    """Four to eight faults, anywhere in the time."""
    pipelines = ["sink-1", "sink-2", "candles-1", "candles-2"]

    def fault():
        at = rng.uniform(0.3, SECONDS)
        kind = rng.choice(["kill", "kill", "kill_replay", "stop", "rebalances", "broker", "broker_stops", "database",
                           "database_stops", "commit", "commit", "database_cut", "database_stall", "database_slow", "s3",
                           "s3_request", "s3_request", "s3_cut", "s3_stall"])
        who = rng.choice(pipelines)
        if kind == "kill":
            return Fault(at, f"kill {who}", lambda: stages.signal(who, signal.SIGKILL))
        if kind == "kill_replay":
            return Fault(at, "kill replay", lambda: stages.signal("replay", signal.SIGKILL))
        if kind == "stop":
            # Long enough to lose its partitions, or not.
            lasts = rng.choice([rng.uniform(0.5, 3), SESSION + rng.uniform(1, 4)])
            return Fault(at, f"stop {who} for {lasts:.1f} s", lambda: stages.signal(who, signal.SIGSTOP), lasts,
                         lambda: stages.signal(who, signal.SIGCONT))
        if kind == "rebalances":
            name = f"sink-{rng.randrange(10**6)}"
            return Fault(at, "another sink comes and goes", lambda: stages.add(name), rng.uniform(0.5, 3),
                         lambda: stages.remove(name))
        if kind in ("broker", "database", "s3"):
            service = {"broker": "kafka", "database": "postgres", "s3": S3}[kind]
            return Fault(at, f"kill {service}", lambda: services.kill(service), rng.uniform(0.1, 3),
                         lambda: services.restart(service))
        if kind in ("broker_stops", "database_stops"):
            service = "kafka" if kind == "broker_stops" else "postgres"
            lasts = rng.uniform(0.5, 5)

            def send(number):
                if service not in services.down:
                    os.kill(services.pid(service), number)

            return Fault(at, f"stop {service} for {lasts:.1f} s", lambda: send(signal.SIGSTOP), lasts,
                         lambda: send(signal.SIGCONT))
        if kind == "commit":
            cut, times = rng.choice(PostgresProxy.KINDS), rng.randint(1, 4)
            return Fault(at, f"{times} times {cut}", lambda: services.postgres.arm(cut, times))
        if kind == "s3_request":
            spoil, times = rng.choice(S3Proxy.KINDS), rng.randint(1, 8)
            what = rng.choice([b"", b"PUT ", b"GET "])
            return Fault(at, f"{times} times {spoil} of {what.decode().strip() or 'any'}",
                         lambda: services.s3.arm(spoil, times, what))
        proxy = services.postgres if kind.startswith("database") else services.s3
        name = "database" if proxy is services.postgres else "s3"
        lasts = rng.uniform(0.2, 3)
        if kind.endswith("cut"):
            return Fault(at, f"{name} cut for {lasts:.1f} s", lambda: proxy.cut(lasts))
        if kind.endswith("stall"):
            lasts = rng.choice([lasts, rng.uniform(6, 12)])
            return Fault(at, f"{name} silent for {lasts:.1f} s", lambda: proxy.stall(lasts))

        def slow(delay):
            proxy.delay = delay

        return Fault(at, f"{name} slow for {lasts:.1f} s", lambda: slow(0.1), lasts, lambda: slow(0.0))

    return sorted((fault() for _ in range(rng.randint(4, 8))), key=lambda one: one.at)


def run(seed, services, folder, say=lambda text: None):
    """Counts of what happened; raises if anything is lost, doubled or wrong."""
    rng = random.Random(seed)
    capture = folder / "capture.tsv.zst"
    tradelake("simulate", "--write-capture", capture, "--frames", FRAMES, "--seed", seed, "--rate", 30,
              "--symbols", "linear:4,spot:2,inverse:2,option:1", "--faults", FAULTS)
    environment, reader = services.new_lake()
    before = services.postgres.counts + services.s3.counts
    begin = time.monotonic()
    stages = Stages(folder, capture, environment, say)
    try:
        faults = draw(rng, stages, services)
        pending = [(fault.at, fault.begin, fault.name) for fault in faults]
        pending += [(fault.at + fault.lasts, fault.end, f"end of {fault.name}") for fault in faults if fault.lasts]
        pending.sort(key=lambda one: one[0])
        while pending:
            if time.monotonic() - begin >= pending[0][0]:
                at, act, name = pending.pop(0)
                say(f"{at:5.1f} s  {name}")
                act()
            else:
                time.sleep(0.02)
            stages.revive()
        services.heal()
        stages.finish()
    except BaseException:
        stages.kill_all()
        services.heal()
        raise
    expected = Oracle().take(read_capture(capture))
    reader.assert_lake(expected)
    happened = services.postgres.counts + services.s3.counts - before
    return {"seconds": round(time.monotonic() - begin, 1), "faults": [fault.name for fault in faults],
            "requests": dict(happened), "ends": {str(code): n for code, n in stages.ends.items()},
            "trades": len(expected.trades)}
