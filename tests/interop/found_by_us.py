"""Filters by us, that have to lose no row and to read few files."""
from every_type import filters_of, matching


def assert_found_by_us(ours, full, name, transform, rows):
    filters = filters_of(name, transform)
    total = ours.files(full)
    for (comparison, value), (files, ids) in zip(filters, ours.select(full, name, filters), strict=True):
        assert ids == matching(name, comparison, value, rows), (comparison, value)
        # Each value is in files of its own, or among a few.
        assert files < total or comparison not in ("equal", "is_null") or transform == "void", (comparison, value)
