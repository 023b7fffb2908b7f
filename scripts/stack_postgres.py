"""PostgreSQL, from the distribution's package."""

import os
import pathlib
import pwd
import secrets
import shutil
import signal
import subprocess

from stack_base import STATE, free_port


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
