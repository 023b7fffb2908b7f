"""spark_killed.py JOB WHEN TABLE N ARGUMENTS…: JOB, which kills itself and its JVM at its N-th commit to TABLE.

WHEN: `before` anything of that commit; `between` the new head and its tag; `after` both.
"""

import importlib
import os
import signal
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{ROOT}/spark")
from tradelake_spark import lineage  # noqa: E402


def kill():
    os.killpg(0, signal.SIGKILL)


def main(name, when, table, n, *arguments):
    job = importlib.import_module(f"tradelake_spark.{name}")
    from tradelake_spark.commits import Commits

    commit, tag, seen = Commits.commit, lineage.tag, 0

    def killed_commit(self, to, write, note):
        nonlocal seen
        seen += to == table
        due = to == table and seen == int(n)
        if due and when == "before":
            kill()
        commit(self, to, write, note)
        if due and when == "after":
            kill()

    def killed_tag(session, to, pipeline):
        if to == table and seen == int(n) and when == "between":
            kill()
        tag(session, to, pipeline)

    Commits.commit, lineage.tag = killed_commit, killed_tag
    return job.main(arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
