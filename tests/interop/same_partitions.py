"""Whether two writers mean the same by a partition."""
import json
from collections import defaultdict


def assert_same_partitions(ours, name, transform):
    """Of a table that two have appended the same values to: these are in the same partitions, whoever has written them."""
    dump = json.loads(ours.tool("dump", ours.catalog, name))
    partitions = defaultdict(list)
    for manifest in dump["manifests"][str(dump["metadata"]["current-snapshot-id"])]:
        for entry in manifest["entries"]:
            partitions[entry["partition"][0]].append(entry["record_count"])
    assert transform == "void" or all(len(counts) == 2 and counts[0] == counts[1] for counts in partitions.values()), partitions
