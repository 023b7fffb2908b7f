"""docker-compose.yml as Compose would see it, with variables from .env.example filled in."""

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests/e2e"), str(ROOT / "scripts")]

FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?::([-?])([^}]*))?\})")


def variables(text):
    return {found[2] for found in VARIABLE.finditer(text) if not found[1]}


def example():
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def filled(values):
    """Services by name; what .env leaves open is `values`'s to say."""
    def value(found):
        if found[1]:
            return "$"
        given = values.get(found[2], "")
        if not given:
            assert found[3] == "-", f"{found[2]} has no default and is not set"
            return found[4]
        return given

    return yaml.safe_load(VARIABLE.sub(value, FILE.read_text()))


def stand_ins():
    """As a user would fill in .env: no two alike, and nothing that is in the file by chance."""
    return {name: given or f"Stand-in-{number}" for number, (name, given) in enumerate(example().items())}
