#include "iceberg/declared_table.h"

#include <algorithm>

#include "iceberg/declared_schema.h"
#include "iceberg/schema_update.h"
#include "iceberg/spec_update.h"
#include "iceberg/transaction.h"

namespace tradelake::iceberg {
namespace {

bool lacks_columns(const TableMetadata& metadata, const Schema& declared) {
  return std::ranges::any_of(
      declared.fields, [&](const NestedField& field) { return !id_in_table(metadata, field); });
}

bool same_partitioning(const PartitionSpec& a, const PartitionSpec& b) {
  return std::ranges::equal(a.fields, b.fields,
                            [](const PartitionField& x, const PartitionField& y) {
                              return x.source_id == y.source_id && x.transform == y.transform;
                            });
}

bool is_of_earlier_version(const TableMetadata& metadata, const TableDefinition& definition) {
  const auto keep = metadata.properties.find("tradelake.partition-spec");
  if (keep != metadata.properties.end() && keep->second == "keep") return false;
  return metadata.specs.size() == 1 &&
         std::ranges::any_of(definition.earlier_specs, [&](const PartitionSpec& earlier) {
           return same_partitioning(metadata.spec(), earlier);
         });
}

}  // namespace

Result<> bring_up_to_date(Catalog& catalog, FileIo& io, const TableDefinition& definition,
                          Table& table) {
  Transaction transaction(catalog, io);
  bool changes = false;
  if (lacks_columns(*table.metadata, definition.schema)) {
    transaction.add(table, declare_columns(definition.schema));
    changes = true;
  }
  if (is_of_earlier_version(*table.metadata, definition)) {
    transaction.add(table, declare_partitioning(definition.schema, definition.spec));
    changes = true;
  }
  return changes ? transaction.commit() : Result<>();
}

}  // namespace tradelake::iceberg
