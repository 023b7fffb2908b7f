"""Prometheus beside the other services: deploy/prometheus, looking at stages on loopback."""

import re
import shutil
import subprocess

from stack_base import ROOT, Server, answers, fetched, free_port

CONFIGURATION = ROOT / "deploy/prometheus"


def program(name="prometheus"):
    """Installed, or taken out of the distribution's package, which would start a server of its own if it were installed."""
    found = shutil.which(name)
    if found:
        return found

    def make(folder):
        subprocess.run(["apt-get", "-o", "APT::Sandbox::User=root", "-qq", "download", "prometheus"], check=True, cwd=folder,
                       stdout=subprocess.DEVNULL)
        package = next(folder.glob("prometheus_*.deb"))
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
        package.unlink()

    return fetched("prometheus", make) / "usr/bin" / name


def configure(folder):
    """The configuration of the containers, with stages on loopback, under the same ports."""
    shutil.copytree(CONFIGURATION, folder)
    file = folder / "prometheus.yml"
    file.write_text(re.sub(r"\b[a-z]+:(84\d\d)\b", r"127.0.0.1:\1", file.read_text()))
    return file


class Prometheus(Server):
    name = "prometheus"
    on_request = True
    beside = True

    def start(self):
        self.keep(port=free_port())
        configure(self.folder / "configuration")
        self.restart()
        return {"TRADELAKE_PROMETHEUS": f"http://127.0.0.1:{self.kept()['port']}"}

    def command(self):
        return [program(), f"--config.file={self.folder}/configuration/prometheus.yml",
                f"--storage.tsdb.path={self.folder}/data", f"--web.listen-address=127.0.0.1:{self.kept()['port']}"]

    def ready(self):
        return answers(f"http://127.0.0.1:{self.kept()['port']}/-/ready")
