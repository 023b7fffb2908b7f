#!/usr/bin/env python3
"""The services around tradelake, on loopback, without containers.

stack.py up|down|status|logs|kill|restart [SERVICE ...]

`up` leaves build/stack.env to source, with the addresses and secrets of an empty lake of its own. Each service has
a port that was free and a directory of its own; `down` stops it by pid and removes the data. `kill` is SIGKILL,
`restart` starts it again on what it left. With TRADELAKE_STACK=NAME it is another stack, with build/stack-NAME.env.
Services: kafka, postgres, minio; on request versitygw, a second S3 server that is built in a third of the time.
What is downloaded or built stays in the user's cache directory.
"""
import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Servers that refuse to run as root run as a user of their own, who may not look into a home directory.
STACK = os.environ.get("TRADELAKE_STACK", "")
OWNER = hashlib.sha256(f"{ROOT} {STACK}".encode()).hexdigest()[:8]
STATE = pathlib.Path("/tmp") / f"tradelake-stack-{os.getuid()}-{OWNER}"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "tradelake"
ENVIRONMENT = ROOT / "build" / (f"stack-{STACK}.env" if STACK else "stack.env")


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


def go_program(module, version):
    """The program at the end of a Go module's path, built once for each version of it."""
    name = module.rsplit("/", 1)[1]
    program = CACHE / f"{name}-{version}" / name
    if not program.exists():
        go = ROOT / ".venv/bin/go"
        if not go.exists():
            raise SystemExit("Go is missing; scripts/bootstrap.sh stack installs it")
        print(f"building {name} {version} from source, once for this user; takes minutes", flush=True)
        making = CACHE / f"{name}-{version}.{os.getpid()}"
        work = making / "work"  # modules and objects: 2 GB that nobody needs afterwards
        environment = {**os.environ, "GOBIN": str(making), "GOPATH": str(work / "path"), "GOCACHE": str(work / "cache"),
                       "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw -buildvcs=false"}
        making.mkdir(parents=True)
        try:
            built = subprocess.run([go, "install", f"{module}@{version}"], env=environment, cwd=making,
                                   capture_output=True, text=True)
            if built.returncode != 0:
                raise SystemExit(f"{name} cannot be built: {built.stderr[-2000:]}")
            shutil.rmtree(work)
            try:
                making.rename(program.parent)
            except OSError:  # somebody else was faster
                if not program.exists():
                    raise
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return program


class Postgres:
    """PostgreSQL with one database `tradelake` of user `tradelake`."""

    name = "postgres"

    def __init__(self):
        self.folder = STATE / self.name
        self.data = self.folder / "data"
        self.log = self.folder / "log"

    def program(self, name):
        for folder in sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
            if (folder / name).exists():
                return str(folder / name)
        found = shutil.which(name)
        if not found:
            raise SystemExit(f"{name} is missing; make test installs PostgreSQL")
        return found

    def as_server(self, command):
        """initdb and postgres refuse root."""
        if os.getuid() != 0:
            return command
        return ["runuser", "-u", "postgres", "--", *command]

    def start(self):
        self.folder.mkdir(parents=True)
        password = secrets.token_urlsafe(18)
        secret = self.folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        if os.getuid() == 0:
            STATE.chmod(0o755)
            owner = pwd.getpwnam("postgres")
            for path in (self.folder, secret):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        quiet = {"stdout": subprocess.DEVNULL, "cwd": "/"}
        subprocess.run(self.as_server([self.program("initdb"), "-D", self.data, "-U", "tradelake", "-A", "scram-sha-256",
                                       "--pwfile", secret, "--no-locale", "-E", "UTF8"]), check=True, **quiet)
        port = free_port()
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(f"port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n")
        self.restart()
        environment = {**os.environ, "PGPASSWORD": password}
        subprocess.run([self.program("createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "tradelake", "tradelake"],
                       check=True, env=environment)
        return {"TRADELAKE_CATALOG": f"postgresql://tradelake@127.0.0.1:{port}/tradelake", "PGPASSWORD": password}

    def restart(self):
        subprocess.run(self.as_server([self.program("pg_ctl"), "-D", self.data, "-l", self.log, "-w", "start"]),
                       check=True, stdout=subprocess.DEVNULL, cwd="/")

    def pid(self):
        file = self.data / "postmaster.pid"
        return int(file.read_text().splitlines()[0]) if file.exists() else None

    def stop(self, pid):
        os.kill(pid, signal.SIGINT)  # fast: sessions are ended


class Kafka:
    """One broker that is its own controller (KRaft). Topics are declared, never made by the way."""

    name = "kafka"
    pom = ROOT / "deploy/stack/kafka-pom.xml"

    def __init__(self):
        self.folder = STATE / self.name
        self.log = self.folder / "log"
        self.settings = self.folder / "server.properties"
        self.pid_file = self.folder / "pid"

    def jars(self):
        """Where the jars of the pom are; fetched once for each version of it."""
        version = hashlib.sha256(self.pom.read_bytes()).hexdigest()[:12]
        folder = CACHE / f"kafka-{version}"
        if not folder.exists():
            making = CACHE / f"kafka-{version}.{os.getpid()}"
            subprocess.run(["mvn", "-B", "-q", "-f", self.pom, "dependency:copy-dependencies",
                            f"-DoutputDirectory={making}", "-DincludeScope=runtime"], check=True)
            making.rename(folder)
        return f"{folder}/*"

    def java(self, *arguments):
        return ["java", "-Xms512m", "-Xmx512m", "-cp", self.jars(), *arguments]

    def start(self):
        self.folder.mkdir(parents=True)
        self.port, controller = free_port(), free_port()
        self.settings.write_text(f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={self.folder}/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=300
auto.create.topics.enable=false
""")
        # An id that begins with '-' would be taken for an option.
        cluster = "A" + secrets.token_urlsafe(16)[:21]
        subprocess.run(self.java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", self.settings), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.restart()
        return {"TRADELAKE_LOG": f"kafka://127.0.0.1:{self.port}"}

    def restart(self):
        listeners = next(line for line in self.settings.read_text().splitlines() if line.startswith("listeners="))
        port = int(listeners.split(",")[0].rsplit(":", 1)[1])
        with self.log.open("a") as log:
            broker = subprocess.Popen(self.java("kafka.Kafka", self.settings), stdout=log, stderr=log, cwd=self.folder,
                                      stdin=subprocess.DEVNULL, start_new_session=True)
        self.pid_file.write_text(str(broker.pid))

        def ready():
            if broker.poll() is not None:
                raise SystemExit("kafka ended; see: scripts/stack.py logs kafka")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        wait_for(self.name, ready, 60)

    def pid(self):
        return int(self.pid_file.read_text()) if self.pid_file.exists() else None

    def stop(self, pid):
        os.kill(pid, signal.SIGTERM)


class S3Server:
    """What S3 servers that keep objects in a folder share: secrets, an empty bucket, health, pid."""

    bucket = "tradelake"

    def __init__(self):
        self.folder = STATE / self.name
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.settings = self.folder / "settings.json"
        self.pid_file = self.folder / "pid"

    def start(self):
        (self.data / self.bucket).mkdir(parents=True)  # such a folder is a bucket
        self.settings.touch(mode=0o600)
        self.settings.write_text(json.dumps({"port": free_port(), "key": "tradelake" + secrets.token_hex(4),
                                             "secret": secrets.token_urlsafe(24)}))
        self.restart()
        settings = json.loads(self.settings.read_text())
        return {"TRADELAKE_WAREHOUSE": f"s3://{self.bucket}/lake", "AWS_REGION": "us-east-1",
                "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{settings['port']}",
                "AWS_ACCESS_KEY_ID": settings["key"], "AWS_SECRET_ACCESS_KEY": settings["secret"]}

    def restart(self):
        settings = json.loads(self.settings.read_text())
        port = settings["port"]
        with self.log.open("a") as log:
            server = subprocess.Popen(self.command(port), stdout=log, stderr=log, cwd=self.folder, stdin=subprocess.DEVNULL,
                                      start_new_session=True, env={**os.environ, **self.environment(settings)})
        self.pid_file.write_text(str(server.pid))

        def ready():
            if server.poll() is not None:
                raise SystemExit(f"{self.name} ended; see: scripts/stack.py logs {self.name}")
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{port}{self.health}", timeout=5).status == 200
            except (urllib.error.URLError, OSError):
                return False

        wait_for(self.name, ready)

    def pid(self):
        return int(self.pid_file.read_text()) if self.pid_file.exists() else None

    def stop(self, pid):
        os.kill(pid, signal.SIGTERM)


class Minio(S3Server):
    name = "minio"
    health = "/minio/health/cluster"

    def command(self, port):
        program = go_program("github.com/minio/minio", "v0.0.0-20260212201848-7aac2a2c5b7c")
        return [program, "server", "--quiet", "--address", f"127.0.0.1:{port}", "--certs-dir", self.folder / "certs", self.data]

    def environment(self, settings):
        return {"MINIO_ROOT_USER": settings["key"], "MINIO_ROOT_PASSWORD": settings["secret"], "MINIO_BROWSER": "off",
                "MINIO_UPDATE": "off"}


class Versitygw(S3Server):
    """Objects are files of a file system, with extended attributes."""

    name = "versitygw"
    health = "/health"
    on_request = True

    def command(self, port):
        program = go_program("github.com/versity/versitygw/cmd/versitygw", "v1.8.0")
        return [program, "--port", f"127.0.0.1:{port}", "--quiet", "--health", self.health, "posix", self.data]

    def environment(self, settings):
        return {"ROOT_ACCESS_KEY": settings["key"], "ROOT_SECRET_KEY": settings["secret"]}


SERVICES = [Kafka(), Postgres(), Minio(), Versitygw()]


def alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except (ProcessLookupError, TypeError):
        return False


def up(services):
    down(services)
    lines = {}
    for service in services:
        lines.update(service.start())
        print(f"{service.name} is up")
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    ENVIRONMENT.touch(mode=0o600)
    ENVIRONMENT.write_text("".join(f"export {key}='{value}'\n" for key, value in lines.items()))
    print(f"source {ENVIRONMENT.relative_to(ROOT)}")


def down(services):
    for service in services:
        pid = service.pid()
        if alive(pid):
            service.stop(pid)
            wait_for(service.name, lambda: not alive(pid))
        shutil.rmtree(service.folder, ignore_errors=True)
    ENVIRONMENT.unlink(missing_ok=True)


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


def kill(services):
    for service in services:
        pids = family(service.pid())
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # a child that has just ended by itself
                os.kill(pid, signal.SIGKILL)
        wait_for(service.name, lambda: not any(alive(pid) for pid in pids))


def restart(services):
    for service in services:
        service.restart()


def status(services):
    for service in services:
        print(f"{service.name}: {'up, pid ' + str(service.pid()) if alive(service.pid()) else 'down'}")


def logs(services):
    for service in services:
        print(f"== {service.name}")
        print(service.log.read_text() if service.log.exists() else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = {"up": up, "down": down, "status": status, "logs": logs, "kill": kill, "restart": restart}
    parser.add_argument("command", choices=commands)
    parser.add_argument("service", nargs="*")
    arguments = parser.parse_args()
    unknown = set(arguments.service) - {service.name for service in SERVICES}
    if unknown:
        parser.error(f"unknown service {', '.join(unknown)}; known: {', '.join(s.name for s in SERVICES)}")
    if arguments.service:
        named = [service for service in SERVICES if service.name in arguments.service]
    else:
        named = [service for service in SERVICES if arguments.command != "up" or not getattr(service, "on_request", False)]
    commands[arguments.command](named)


sys.exit(main())
