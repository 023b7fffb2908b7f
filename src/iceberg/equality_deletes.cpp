#include "iceberg/equality_deletes.h"

#include <algorithm>
#include <map>
#include <optional>

#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "iceberg/arrow_error.h"
#include "iceberg/parquet_file_reader.h"
#include "iceberg/row_keys.h"

namespace tradelake::iceberg {

namespace {

// The field with nothing in it but the one that is wanted, itself or below it in structs.
std::optional<NestedField> narrowed(const NestedField& field, FieldId wanted) {
  if (field.id == wanted) return field;
  if (field.type->kind != TypeKind::structure) return {};
  for (const NestedField& child : field.type->fields) {
    auto found = narrowed(child, wanted);
    if (!found) continue;
    NestedField within = field;
    within.type = struct_type({*std::move(found)});
    return within;
  }
  return {};
}

// A data file written before a column was added has none of it, a delete file has to.
NestedField with_required(NestedField field, bool required) {
  field.required = required;
  if (field.type->kind == TypeKind::structure)
    field.type = struct_type({with_required(field.type->fields[0], required)});
  return field;
}

bool ends_in_primitive(const NestedField& field, FieldId wanted) {
  if (field.id == wanted) return field.type->primitive();
  return ends_in_primitive(field.type->fields[0], wanted);
}

// By the current schema, or the last one that had the column: deletes outlive their columns.
Result<NestedField> equality_field(const TableMetadata& metadata, FieldId id) {
  std::optional<NestedField> found;
  const auto look_into = [&](const Schema& schema) {
    for (const NestedField& field : schema.fields) {
      if (!found) found = narrowed(field, id);
    }
  };
  look_into(metadata.schema());
  for (auto it = metadata.schemas.rbegin(); !found && it != metadata.schemas.rend(); ++it)
    look_into(*it);
  if (!found || !ends_in_primitive(*found, id)) {
    return make_error(Errc::unsupported,
                      "its equality_ids name field {}, which no schema of the table has as a "
                      "primitive column or in structs",
                      id.value);
  }
  return *std::move(found);
}

// Calls `with_key(row, key)` for every row; the key is the same string each time.
template <class WithKey>
Result<> for_each_key(const arrow::Table& rows, const WithKey& with_key) {
  arrow::TableBatchReader batches(rows);
  std::string key;
  std::size_t row = 0;
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    TL_TRY(checked(batches.ReadNext(&batch), "reading keys"));
    if (batch == nullptr) return {};
    const auto columns = batch->columns();
    for (std::int64_t i = 0; i < batch->num_rows(); ++i, ++row) {
      key.clear();
      for (const auto& column : columns) append_key(*column, i, key);
      with_key(row, key);
    }
  }
}

}  // namespace

Result<EqualityDeletes> EqualityDeletes::read(
    const TableMetadata& metadata, FileIo& io,
    const std::vector<std::shared_ptr<const DataFile>>& deletes) {
  EqualityDeletes read;
  TL_ASSIGN(const auto mapping, name_mapping_of(metadata.properties));
  std::map<std::vector<FieldId>, Keys*> by_ids;
  for (const auto& file : deletes) {
    if (file->content != FileContent::equality_deletes) continue;
    TL_TRY(reading("delete", *file, [&]() -> Result<> {
      auto ids = file->equality_ids;
      std::ranges::sort(ids);
      if (ids.empty()) return make_error(Errc::corrupt, "it has no equality_ids");
      auto& keys = by_ids[ids];
      if (keys == nullptr) {
        keys = read.all_.emplace_back(std::make_unique<Keys>()).get();
        for (const FieldId id : ids) {
          TL_ASSIGN(auto field, equality_field(metadata, id));
          keys->fields.push_back(with_required(std::move(field), false));
        }
      }
      std::vector<NestedField> fields;
      for (const auto& field : keys->fields) fields.push_back(with_required(field, true));
      std::vector<const NestedField*> wanted;
      for (const auto& field : fields) wanted.push_back(&field);
      TL_ASSIGN(auto reader, ParquetFileReader::open(metadata, io, *file, mapping));
      TL_ASSIGN(const auto rows, reader.rows(wanted, reader.matching_row_groups({})));
      return for_each_key(*rows,
                          [&](std::size_t, const std::string& key) { keys->deleted.insert(key); });
    }));
  }
  return read;
}

std::vector<const NestedField*> EqualityDeletes::fields() const {
  std::vector<const NestedField*> fields;
  for (const auto& keys : all_) {
    for (const auto& field : keys->fields) fields.push_back(&field);
  }
  return fields;
}

Result<> EqualityDeletes::deselect(const arrow::Table& rows, Selection& selection) const {
  std::size_t first = 0;
  for (const auto& keys : all_) {
    TL_ASSIGN(const auto columns, column_range(rows, first, keys->fields.size()));
    first += keys->fields.size();
    TL_TRY(for_each_key(*columns, [&](std::size_t row, std::string_view key) {
      if (keys->deleted.contains(key)) selection[row] = 0;
    }));
  }
  return {};
}

}  // namespace tradelake::iceberg
