"""What the services of stack.py share: where things are, ports, waiting, processes with a pid file, what is fetched once."""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
STACK = os.environ.get("TRADELAKE_STACK", "")
OWNER = hashlib.sha256(f"{ROOT} {STACK}".encode()).hexdigest()[:8]
# Servers that refuse to run as root run as a user of their own, who may not look into a home directory.
STATE = pathlib.Path("/tmp") / f"tradelake-stack-{os.getuid()}-{OWNER}"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "tradelake"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, ready, seconds=30):
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not become ready within {seconds} s; see: scripts/stack.py logs {what}")
        time.sleep(0.1)


def answers(url):
    """Whether a GET is answered with 200."""
    try:
        return urllib.request.urlopen(url, timeout=5).status == 200
    except (urllib.error.URLError, OSError):
        return False


def alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except (ProcessLookupError, TypeError):
        return False


def family(pid):
    """A process and its children: killed together, as by a lost machine."""
    pids = [pid]
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            pids.append(int(stat.parent.name))
    return pids


def version_of(*files):
    """A name for what files pin."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def fetched(name, make):
    """The folder of that name in the user's cache, which `make(folder)` fills once."""
    folder = CACHE / name
    if not folder.exists():
        making = CACHE / f"{name}.{os.getpid()}"
        making.mkdir(parents=True)
        try:
            make(making)
            try:
                making.rename(folder)
            except OSError:  # somebody else was faster
                if not folder.exists():
                    raise
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return folder


def python_packages(requirements, folder):
    """Packages of PyPI, apart from those of the tests."""
    python = ROOT / ".venv/bin/python"
    if not python.exists():
        raise SystemExit(".venv is missing; scripts/bootstrap.sh test makes it")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore",
                    "--target", folder, "-r", requirements], check=True)


def maven_jars(pom, folder):
    subprocess.run(["mvn", "-B", "-q", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={folder}",
                    "-DincludeScope=runtime"], check=True)


def exports():
    """What all services that are there want in the environment of who uses them."""
    lines = {}
    for file in sorted(STATE.glob("*/exports.json")):
        lines |= json.loads(file.read_text())
    return lines


def export(service, lines):
    file = service.folder / "exports.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(lines))


class Server:
    """One process with a pid file. A service says how to `start` it on nothing (and returns what to put into the
    environment of who uses it), what its `command` is, and when it is `ready`."""

    ready_within = 30

    def __init__(self):
        self.folder = STATE / self.name
        self.log = self.folder / "log"
        self.settings = self.folder / "settings.json"
        self.pid_file = self.folder / "pid"

    def keep(self, **settings):
        """What a restart needs to know, secrets included."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings.touch(mode=0o600)
        self.settings.write_text(json.dumps(settings))

    def kept(self):
        return json.loads(self.settings.read_text())

    def environment(self):
        return {}

    def restart(self):
        with self.log.open("a") as log:
            server = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=self.folder, stdin=subprocess.DEVNULL,
                                      start_new_session=True, env={**os.environ, **self.environment()})
        self.pid_file.write_text(str(server.pid))

        def ready():
            if server.poll() is not None:
                raise SystemExit(f"{self.name} ended; see: scripts/stack.py logs {self.name}")
            return self.ready()

        wait_for(self.name, ready, self.ready_within)

    def pid(self):
        return int(self.pid_file.read_text()) if self.pid_file.exists() else None

    def stop(self, pid):
        os.kill(pid, signal.SIGTERM)
