"""Servers of a test's own: scripts/stack.py under a name, and what it leaves to source."""

import os
import subprocess
import sys
from urllib.parse import quote

from lake import ROOT


class OwnStack:
    def __init__(self, name):
        self.name = name

    def __call__(self, *arguments):
        """stack.py's answer to up, down, kill, restart, status."""
        done = subprocess.run([sys.executable, ROOT / "scripts/stack.py", *arguments], capture_output=True, text=True,
                              env=os.environ | {"TRADELAKE_STACK": self.name})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def values(self):
        """The variables of the servers that are up."""
        lines = (ROOT / f"build/stack-{self.name}.env").read_text().splitlines()
        values = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        return {key: value.strip("'") for key, value in values.items()}


def with_password(catalog, password):
    """The address of a catalog in PostgreSQL, as PyIceberg takes it."""
    return catalog.replace("postgresql://tradelake@", f"postgresql+psycopg2://tradelake:{quote(password)}@")
