"""Runs `tradelake doctor` and says what it found."""

import json
import os
import subprocess
import time

from lake import BINARY

PLAIN = "repeat=0.05"  # no dead letters
# So that a stale pipeline need not be waited for.
HASTY = {"TRADELAKE_DOCTOR_STALE_AFTER": "1s", "TRADELAKE_COMMIT_INTERVAL": "300ms"}


def examine(*arguments, faketime=None, **environment):
    """Exit status and findings; the text form has the same ones."""
    command = [BINARY, "doctor", "--json", *map(str, arguments)]
    if faketime:
        command = ["faketime", "-f", faketime, *command]
    begin = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ | environment)
    assert time.monotonic() - begin < 15, done.stdout
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    assert told["ok"] == (done.returncode == 0)
    assert done.returncode in (0, 1)
    assert told.keys() == {"ok", "checks"}
    for check in told["checks"]:
        assert check.keys() == {"name", "status", "detail", "action"}
        assert check["status"] in ("ok", "info", "warning", "failed", "skipped")
        assert bool(check["action"]) == (check["status"] in ("failed", "warning")), check
    return told["checks"]


def trouble(checks):
    return {check["name"]: check for check in checks if check["status"] in ("failed", "warning")}


def only_trouble(checks, name, status="failed"):
    found = trouble(checks)
    assert set(found) == {name}, found
    assert found[name]["status"] == status
    return found[name]["detail"] + " -> " + found[name]["action"]


def assert_silent(checks):
    assert trouble(checks) == {}
