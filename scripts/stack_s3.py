"""S3 servers, built from source once for each user: MinIO, and versitygw in a third of the time."""

import os
import secrets
import shutil
import subprocess

from stack_base import ROOT, Server, answers, fetched, free_port


def go_program(module, version):
    """The program at the end of a Go module's path, built once for each version of it."""
    name = module.rsplit("/", 1)[1]

    def make(folder):
        go = ROOT / ".venv/bin/go"
        if not go.exists():
            raise SystemExit("Go is missing; scripts/bootstrap.sh test installs it")
        print(f"building {name} {version} from source, once for this user; takes minutes", flush=True)
        work = folder / "work"  # modules and objects: 2 GB that nobody needs afterwards
        environment = {**os.environ, "GOBIN": str(folder), "GOPATH": str(work / "path"), "GOCACHE": str(work / "cache"),
                       "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw -buildvcs=false"}
        built = subprocess.run([go, "install", f"{module}@{version}"], env=environment, cwd=folder, capture_output=True,
                               text=True)
        if built.returncode != 0:
            raise SystemExit(f"{name} cannot be built: {built.stderr[-2000:]}")
        shutil.rmtree(work)

    return fetched(f"{name}-{version}", make) / name


class S3Server(Server):
    """What S3 servers that keep objects in a folder share: secrets, an empty bucket, health."""

    bucket = "tradelake"

    def start(self):
        self.data.mkdir(parents=True)
        (self.data / self.bucket).mkdir()  # such a folder is a bucket
        self.keep(port=free_port(), key="tradelake" + secrets.token_hex(4), secret=secrets.token_urlsafe(24))
        self.restart()
        kept = self.kept()
        return {"TRADELAKE_WAREHOUSE": f"s3://{self.bucket}/lake", "AWS_REGION": "us-east-1",
                "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{kept['port']}",
                "AWS_ACCESS_KEY_ID": kept["key"], "AWS_SECRET_ACCESS_KEY": kept["secret"]}

    @property
    def data(self):
        return self.folder / "data"

    def ready(self):
        return answers(f"http://127.0.0.1:{self.kept()['port']}{self.health}")


class Minio(S3Server):
    name = "minio"
    health = "/minio/health/cluster"

    def command(self):
        program = go_program("github.com/minio/minio", "v0.0.0-20260212201848-7aac2a2c5b7c")
        return [program, "server", "--quiet", "--address", f"127.0.0.1:{self.kept()['port']}", "--certs-dir",
                self.folder / "certs", self.data]

    def environment(self):
        return {"MINIO_ROOT_USER": self.kept()["key"], "MINIO_ROOT_PASSWORD": self.kept()["secret"], "MINIO_BROWSER": "off",
                "MINIO_UPDATE": "off"}


class Versitygw(S3Server):
    """Objects are files of a file system, with extended attributes."""

    name = "versitygw"
    health = "/health"
    on_request = True

    def command(self):
        program = go_program("github.com/versity/versitygw/cmd/versitygw", "v1.8.0")
        return [program, "--port", f"127.0.0.1:{self.kept()['port']}", "--quiet", "--health", self.health, "posix", self.data]

    def environment(self):
        return {"ROOT_ACCESS_KEY": self.kept()["key"], "ROOT_SECRET_KEY": self.kept()["secret"]}
