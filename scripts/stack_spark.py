"""Spark beside the other services: a master and a worker of its own cluster, PySpark from PyPI, Iceberg from Maven."""

import os
import subprocess
import sys

from stack_base import ROOT, Server, exports, fetched, free_port, maven_jars, python_packages, version_of

REQUIREMENTS = ROOT / "scripts/requirements-spark.txt"
POM = ROOT / "deploy/spark/pom.xml"


def spark():
    """The folder with `python` (PySpark, Spark inside) and `jars` (Iceberg, PostgreSQL's driver)."""
    def make(folder):
        print("fetching Spark, once for this user", flush=True)
        python_packages(REQUIREMENTS, folder / "python")
        maven_jars(POM, folder / "jars")

    return fetched(f"spark-{version_of(REQUIREMENTS, POM)}", make)


def configure(folder, environment):
    """Makes `folder` one for SPARK_CONF_DIR, with the catalog of the lake that the environment names. Returns what to put
    into the environment of whoever uses Spark."""
    home = spark()
    lines = subprocess.run([sys.executable, ROOT / "deploy/spark/settings.py", home / "jars"],
                           env=os.environ | environment, text=True, stdout=subprocess.PIPE)
    if lines.returncode != 0:
        raise SystemExit("Spark is not configured")
    folder.mkdir(parents=True, exist_ok=True)
    defaults = folder / "spark-defaults.conf"
    defaults.touch(mode=0o600)
    defaults.write_text(lines.stdout)
    return variables(home, folder)


def variables(home, folder):
    """The environment of whoever uses the Spark of `home` with the configuration in `folder`."""
    return {"SPARK_HOME": f"{home / 'python/pyspark'}", "SPARK_CONF_DIR": f"{folder}",
            "PYTHONPATH": f"{home / 'python'}", "SPARK_LOCAL_IP": "127.0.0.1"}


class SparkServer(Server):
    on_request = True
    beside = True
    ready_within = 60

    def command(self):
        kept = self.kept()
        return [spark() / "python/pyspark/bin/spark-class", f"org.apache.spark.deploy.{self.role}.{self.role.title()}",
                "--host", "127.0.0.1", "--port", str(kept["port"]), "--webui-port", str(kept["page"]), *self.options()]

    def environment(self):
        return {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_CONF_DIR": str(self.folder / "conf"), "SPARK_DAEMON_MEMORY": "512m",
                "SPARK_WORKER_DIR": str(self.folder / "work")}

    def ready(self):
        page = f"http://127.0.0.1:{self.kept()['page']}"
        health = subprocess.run([sys.executable, ROOT / "deploy/spark/health.py", page], stderr=subprocess.DEVNULL)
        return health.returncode == 0


class SparkMaster(SparkServer):
    name = "spark-master"
    role = "master"

    def start(self):
        self.keep(port=free_port(), page=free_port())
        settings = configure(self.folder / "conf", exports())
        self.restart()
        return {"TRADELAKE_SPARK": self.address(), **settings}

    def address(self):
        return f"spark://127.0.0.1:{self.kept()['port']}"

    def options(self):
        return []


class SparkWorker(SparkServer):
    """What it may take of the machine is what one executor of ours needs."""

    name = "spark-worker"
    role = "worker"

    def start(self):
        self.keep(port=free_port(), page=free_port())
        (self.folder / "conf").mkdir()
        self.restart()
        return {}

    def options(self):
        return ["--cores", "2", "--memory", "1g", SparkMaster().address()]
