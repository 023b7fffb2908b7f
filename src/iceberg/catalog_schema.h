// The tables of the catalog database: Iceberg's JDBC catalog in its V1 layout, as Java's JdbcUtil
// makes it, and ours beside them. SQL that SQLite and PostgreSQL both take.
#pragma once

#include <string_view>

namespace tradelake::iceberg {

// Tables of Java's V0 layout lack iceberg_type; it is added afterwards.
inline constexpr std::string_view catalog_tables_sql = R"sql(
CREATE TABLE IF NOT EXISTS iceberg_tables (
  catalog_name VARCHAR(255) NOT NULL,
  table_namespace VARCHAR(255) NOT NULL,
  table_name VARCHAR(255) NOT NULL,
  metadata_location VARCHAR(1000),
  previous_metadata_location VARCHAR(1000),
  iceberg_type VARCHAR(5),
  PRIMARY KEY (catalog_name, table_namespace, table_name)
);
CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
  catalog_name VARCHAR(255) NOT NULL,
  namespace VARCHAR(255) NOT NULL,
  property_key VARCHAR(255) NOT NULL,
  property_value VARCHAR(1000),
  PRIMARY KEY (catalog_name, namespace, property_key)
);
CREATE TABLE IF NOT EXISTS tradelake_progress (
  catalog_name VARCHAR(255) NOT NULL,
  pipeline VARCHAR(255) NOT NULL,
  topic VARCHAR(255) NOT NULL,
  topic_partition INTEGER NOT NULL,
  next_offset BIGINT NOT NULL,
  replay_from BIGINT NOT NULL,
  topic_id VARCHAR(255) NOT NULL,
  epoch BIGINT NOT NULL,
  max_trade_time_us BIGINT,
  lost_until_us BIGINT,
  PRIMARY KEY (catalog_name, pipeline, topic, topic_partition)
);
CREATE TABLE IF NOT EXISTS tradelake_table_commits (
  catalog_name VARCHAR(255) NOT NULL,
  pipeline VARCHAR(255) NOT NULL,
  table_namespace VARCHAR(255) NOT NULL,
  table_name VARCHAR(255) NOT NULL,
  commit_id VARCHAR(255) NOT NULL,
  PRIMARY KEY (catalog_name, pipeline, table_namespace, table_name)
);
)sql";

// Ours of before it had the column.
inline constexpr std::string_view add_lost_column_sql =
    "ALTER TABLE tradelake_progress ADD COLUMN lost_until_us BIGINT";

// Rows that migrated from V0 have no type; views have another.
inline constexpr std::string_view add_type_column_sql =
    "ALTER TABLE iceberg_tables ADD COLUMN iceberg_type VARCHAR(5)";

}  // namespace tradelake::iceberg
