"""One commit of the candles, table by table: all that it depends on beside the log and the tables it goes on from.

Each snapshot's summary has it, so that a start after a commit that was cut off does the same again: the tables that have it already are
left out, the others get the very rows that they would have got.
"""

import json
from dataclasses import dataclass, field

from . import lineage

REPLAY_FROM, LOST_UNTIL, ATTEMPT = "tradelake.replay-from", "tradelake.lost-until", "tradelake.attempt"


@dataclass
class Attempt:
    base: str  # commit of candles_1m that it goes on from; empty: none
    updated_at: int  # us
    grace_us: int  # by which its late trades are late
    until: dict = field(default_factory=dict)  # partition: how far candles are written
    passed: dict = field(default_factory=dict)  # and how far they were before
    end_markers: list = field(default_factory=list)  # partitions that one came in
    commit_id: str = field(default_factory=lineage.new_commit_id)

    def noted(self):
        """Lines of the summary, beside those of lineage.summary()."""
        nested = {name: lineage.nested(getattr(self, name)) for name in ("until", "passed")}
        return {ATTEMPT: json.dumps({"base": self.base, "updated_at": self.updated_at, "grace_us": self.grace_us, **nested,
                                     "end_markers": sorted(map(list, self.end_markers))}, separators=(",", ":"))}


def attempt_of(head):
    """None where the head does not say."""
    if ATTEMPT not in head.noted:
        return None
    told = json.loads(head.noted[ATTEMPT])
    places = {name: {(topic, int(partition)): at for topic, partitions in told[name].items() for partition, at in partitions.items()}
              for name in ("until", "passed")}
    return Attempt(told["base"], told["updated_at"], told["grace_us"], **places,
                   end_markers=[tuple(place) for place in told["end_markers"]], commit_id=head.commit_id)


def places_of(head, name):
    """{partition: number} of REPLAY_FROM or LOST_UNTIL."""
    return lineage.flat(lineage.by_partition(head.noted.get(name)))
