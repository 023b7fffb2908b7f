"""Why a job does not go on."""


class Refused(Exception):
    """Tables and log do not fit together, or the tables are another's: exit 1."""


class Fenced(Exception):
    """Another writer has moved what this one is at: exit 3."""
