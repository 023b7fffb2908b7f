"""A table that is changed step by step, by PyIceberg or by our command, and appended to by both after each step."""
import pyarrow as pa
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io.pyarrow import schema_to_pyarrow

from evolution import EVOLVING, STEPS
from evolving_table import Evolving
from ours import Ours


@pytest.mark.parametrize("who", ["pyiceberg", "we"])
def test_rows_stay_what_they_are_through_every_change(tmp_path, who):
    ours = Ours(tmp_path, tmp_path / "catalog.db", f"file://{tmp_path}/warehouse")
    catalog = SqlCatalog("tradelake", uri=f"sqlite:///{ours.catalog}", warehouse=ours.warehouse)
    catalog.create_namespace("t")
    table = catalog.create_table("t.evolving", EVOLVING, properties={"format-version": "2"})
    evolving = Evolving(ours, catalog, "t.evolving")

    def append(schema, rows):
        table.refresh().append(pa.Table.from_pylist(rows, schema_to_pyarrow(schema, include_field_ids=False)))

    change = evolving.change_by_command if who == "we" else lambda step: step.api(table.refresh())
    for step in evolving.go_through(STEPS, append, change):
        if step in (STEPS[8], STEPS[-1]):
            evolving.check_filters_of_pyiceberg()
    table.refresh()
    assert len({manifest.partition_spec_id for manifest in table.current_snapshot().manifests(table.io)}) > 3
