"""A table that is changed step by step, by Spark or by our command, and appended to by both after each step."""
import pytest

from evolution import EVOLVING, STEPS
from evolving_table import Evolving
from spark_rows import expected, insert, read
from spark_text import literal, type_text

pytestmark = pytest.mark.slow


def assert_found_by_spark(spark, evolving):
    filters = list(evolving.filters())
    found = {at: [] for at in range(len(filters))}
    selected = (f"SELECT {at}L AS filter, id FROM {evolving.name} WHERE {field.name} "
                + ("IS NULL" if value is None else f"= {literal(field.field_type, value)}")
                for at, (field, value, _) in enumerate(filters))
    for row in spark.sql(" UNION ALL ".join(selected)):
        found[row["filter"]].append(row["id"])
    for at, (field, value, ids) in enumerate(filters):
        assert sorted(found[at]) == ids, (field.name, value)


@pytest.mark.parametrize("who", ["spark", "we"])
def test_rows_stay_what_they_are_through_every_change(ours, spark, theirs, who):
    name = f"t.evolving_{who}"
    if who == "spark":
        columns = ", ".join(f"{field.name} {type_text(field.field_type)}" for field in EVOLVING.fields)
        spark.sql(f"CREATE TABLE {name} ({columns}) USING iceberg TBLPROPERTIES ('format-version' = '2')")
    else:
        ours.create(name, EVOLVING)
    evolving = Evolving(ours, theirs, name)

    def append(schema, rows):
        insert(spark, name, schema, rows)

    change = evolving.change_by_command if who == "we" else lambda step: spark.sql(f"ALTER TABLE {name} {step.sql}")
    for step in evolving.go_through(STEPS, append, change):
        schema = evolving.schema()
        assert read(spark, name, schema) == expected(schema, evolving.rows), step
        assert_found_by_spark(spark, evolving)
    evolving.check_filters_of_pyiceberg()
