"""The program's own configuration (docs/configuration.md): environment, then the TOML file, then the default.

Only what Spark needs of it. Keys of the file that it does not know are for the program to judge.
"""

import re
import tomllib
from datetime import timedelta
from pathlib import Path

DEFAULTS = {"log": "local", "catalog": "sqlite", "warehouse": "local", "commit.interval": "5s", "candles.grace": "10m",
            "retention.bronze": "24h"}
UNITS = {"us": "microseconds", "ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class WrongConfiguration(Exception):
    """Says the key, the value and what is allowed: exit 2."""


def flat(table, prefix=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)


def load(environment, file=None):
    """Every key of DEFAULTS with its effective value."""
    stored = {}
    if file:
        try:
            stored = dict(flat(tomllib.loads(Path(file).read_text())))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise WrongConfiguration(f"{file}: {error}") from error

    def value(key):
        variable = "TRADELAKE_" + key.upper().replace(".", "_")
        return environment.get(variable) or stored.get(key) or DEFAULTS[key]

    return {key: value(key) for key in DEFAULTS}


def secret(environment, name):
    """From the variable, or from the file that NAME_FILE names."""
    if environment.get(name):
        return environment[name]
    file = environment.get(f"{name}_FILE")
    if not file:
        raise WrongConfiguration(f"{name} is not set")
    try:
        return Path(file).read_text().rstrip("\r\n")
    except OSError as error:
        raise WrongConfiguration(f"{name}_FILE names {file}: {error.strerror}") from error


def duration(key, text):
    parts = re.fullmatch(r"([0-9]+)(us|ms|s|m|h|d)", text)
    if not parts:
        raise WrongConfiguration(f"{key} is '{text}'; allowed: a number with us, ms, s, m, h or d, such as 24h")
    return timedelta(**{UNITS[parts[2]]: int(parts[1])})


def micros(key, configuration):
    return duration(key, configuration[key]) // timedelta(microseconds=1)
