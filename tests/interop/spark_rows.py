"""Rows into a table and out of it by Spark."""
from every_type import by_id
from spark_text import as_spark, column, from_spark, literal


def insert(spark, table, schema, rows):
    def text(row):
        return "({})".format(", ".join(literal(field.field_type, row[field.name]) for field in schema.fields))

    values = ", ".join(map(text, rows))
    spark.sql("SET `spark.sql.iceberg.check-nullability` = false")
    spark.sql(f"INSERT INTO {table} SELECT * FROM VALUES {values}")


def read(spark, table, schema):
    columns = ", ".join(column(field.field_type, field.name) for field in schema.fields)
    return by_id(from_spark(row) for row in spark.sql(f"SELECT {columns} FROM {table}"))


def expected(schema, rows):
    return by_id({field.name: as_spark(field.field_type, row[field.name]) for field in schema.fields} for row in rows)
