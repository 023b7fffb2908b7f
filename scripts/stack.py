#!/usr/bin/env python3
"""The services around tradelake, on loopback, without containers.

stack.py up|down|status|logs|kill|restart [SERVICE ...]

`up` leaves build/stack.env to source, with the addresses and secrets of an empty lake of its own. Each service has
a port that was free and a directory of its own; `down` stops it by pid and removes the data. `kill` is SIGKILL,
`restart` starts it again on what it left. With TRADELAKE_STACK=NAME it is another stack, with build/stack-NAME.env.
Services: kafka, postgres, minio; on request versitygw, a second S3 server that is built in a third of the time, and
beside the others spark (spark-master and spark-worker), trino and prometheus: if none of the others is up or named, the first
three are started, too. What is downloaded or built stays in the user's cache directory.
"""
import argparse
import contextlib
import os
import shutil
import signal
import sys

from stack_base import ROOT, STACK, alive, export, exports, family, wait_for
from stack_kafka import Kafka
from stack_postgres import Postgres
from stack_prometheus import Prometheus
from stack_s3 import Minio, Versitygw
from stack_spark import SparkMaster, SparkWorker
from stack_trino import Trino

ENVIRONMENT = ROOT / "build" / (f"stack-{STACK}.env" if STACK else "stack.env")
SERVICES = [Kafka(), Postgres(), Minio(), Versitygw(), SparkMaster(), SparkWorker(), Trino(), Prometheus()]
GROUPS = {"spark": ["spark-master", "spark-worker"]}
USUAL = [service for service in SERVICES if not getattr(service, "on_request", False)]
BESIDE = [service for service in SERVICES if getattr(service, "beside", False)]


def write_environment():
    lines = exports()
    ENVIRONMENT.unlink(missing_ok=True)
    if lines:
        ENVIRONMENT.parent.mkdir(exist_ok=True)
        ENVIRONMENT.touch(mode=0o600)
        ENVIRONMENT.write_text("".join(f"export {key}='{value}'\n" for key, value in lines.items()))


def up(services):
    if all(service in BESIDE for service in services):
        others = [service for service in SERVICES if service not in BESIDE]
        if not any(alive(service.pid()) for service in others):
            services = USUAL + services
    down(services)
    for service in services:
        export(service, service.start())
        write_environment()
        print(f"{service.name} is up", flush=True)
    print(f"source {ENVIRONMENT.relative_to(ROOT)}")


def down(services):
    for service in reversed(services):
        pid = service.pid()
        if alive(pid):
            service.stop(pid)
            wait_for(service.name, lambda: not alive(pid))
        shutil.rmtree(service.folder, ignore_errors=True)
    write_environment()


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
    names = {name for given in arguments.service for name in GROUPS.get(given, [given])}
    unknown = names - {service.name for service in SERVICES}
    if unknown:
        known = [*(service.name for service in SERVICES), *GROUPS]
        parser.error(f"unknown service {', '.join(unknown)}; known: {', '.join(known)}")
    if names:
        named = [service for service in SERVICES if service.name in names]
    else:
        named = USUAL if arguments.command == "up" else SERVICES
    commands[arguments.command](named)


if __name__ == "__main__":
    sys.exit(main())
