#include "iceberg/declared_schema.h"

#include <algorithm>
#include <map>
#include <ranges>

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include "iceberg/arrow_projection.h"
#include "iceberg/arrow_schema.h"

namespace tradelake::iceberg {
namespace {

bool had_name(const TableMetadata& metadata, FieldId id, const std::string& name) {
  return std::ranges::any_of(metadata.schemas, [&](const Schema& schema) {
    const auto* field = schema.find(std::string_view(name));
    return field != nullptr && field->id == id;
  });
}

// What nearly every table does: nobody has touched its columns, other than to add some.
bool starts_as_declared(const Schema& schema, const Schema& declared) {
  return schema.fields.size() >= declared.fields.size() &&
         std::ranges::equal(declared.fields,
                            schema.fields | std::views::take(declared.fields.size()),
                            [](const NestedField& ours, const NestedField& theirs) {
                              return ours.id == theirs.id && ours.name == theirs.name &&
                                     *ours.type == *theirs.type && ours.required == theirs.required;
                            });
}

bool is_as_declared(const Schema& schema, const Schema& declared) {
  return schema.fields.size() == declared.fields.size() && starts_as_declared(schema, declared);
}

// Declared columns by their id in the table; those that it has dropped come, too.
std::map<FieldId, const NestedField*> declared_by_id(const TableMetadata& metadata,
                                                     const Schema& declared) {
  std::map<FieldId, const NestedField*> by_id;
  for (const auto& field : declared.fields) {
    if (const auto id = id_in_table(metadata, field)) by_id.emplace(*id, &field);
  }
  return by_id;
}

FileColumn column_of(const NestedField& field) {
  FileColumn column{
      .id = field.id, .type = to_arrow_type(*field.type), .leaves = {}, .children = {}};
  for (const auto& child : field.type->fields) column.children.push_back(column_of(child));
  return column;
}

Result<std::shared_ptr<arrow::ChunkedArray>> fit_column(const NestedField& wanted,
                                                        const NestedField* declared,
                                                        const arrow::Table& rows) {
  if (declared == nullptr) {
    if (wanted.required && rows.num_rows() > 0) {
      return make_error(Errc::invalid_argument,
                        "column '{}' (id {}) of the table is required, and this program does not "
                        "know it; make it optional",
                        wanted.name, wanted.id.value);
    }
    TL_ASSIGN(auto nulls, constant_column(wanted, {}, rows.num_rows()));
    return std::make_shared<arrow::ChunkedArray>(std::move(nulls));
  }
  auto column = rows.GetColumnByName(declared->name);
  if (column == nullptr) {
    return make_error(Errc::invalid_argument, "column '{}' is not among the rows (exactly once)",
                      declared->name);
  }
  const auto type = to_arrow_type(*wanted.type);
  if (type->Equals(to_arrow_type(*declared->type))) return column;
  return project_column(wanted, column_of(*declared), *column);
}

}  // namespace

std::optional<FieldId> id_in_table(const TableMetadata& metadata, const NestedField& declared) {
  if (had_name(metadata, declared.id, declared.name)) return declared.id;
  for (auto schema = metadata.schemas.rbegin(); schema != metadata.schemas.rend(); ++schema) {
    if (const auto* field = schema->find(std::string_view(declared.name))) return field->id;
  }
  return std::nullopt;
}

Result<std::shared_ptr<arrow::Table>> fit_rows(const TableMetadata& metadata,
                                               const Schema& declared,
                                               std::shared_ptr<arrow::Table> rows) {
  const auto& schema = metadata.schema();
  if (is_as_declared(schema, declared)) return rows;
  const auto by_id = declared_by_id(metadata, declared);
  arrow::FieldVector fields;
  arrow::ChunkedArrayVector columns;
  for (const auto& wanted : schema.fields) {
    const auto ours = by_id.find(wanted.id);
    TL_ASSIGN(auto column, fit_column(wanted, ours == by_id.end() ? nullptr : ours->second, *rows));
    fields.push_back(arrow::field(wanted.name, column->type()));
    columns.push_back(std::move(column));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(columns), rows->num_rows());
}

ParquetOptions fit_options(const TableMetadata& metadata, const Schema& declared,
                           ParquetOptions options) {
  const auto& schema = metadata.schema();
  if (starts_as_declared(schema, declared)) return options;
  for (auto* names : {&options.plain_columns, &options.delta_columns, &options.random_columns}) {
    std::vector<std::string> now;
    for (const auto& name : *names) {
      const auto* ours = declared.find(std::string_view(name));
      const auto id = ours == nullptr ? std::nullopt : id_in_table(metadata, *ours);
      if (const auto* theirs = id ? schema.find(*id) : nullptr) now.push_back(theirs->name);
    }
    *names = std::move(now);
  }
  return options;
}

TableMetadataPtr as_declared(const TableMetadataPtr& metadata, const Schema& declared) {
  const auto& schema = metadata->schema();
  // Columns that the program does not know are no hindrance to reading those that it does.
  if (std::ranges::all_of(declared.fields, [&](const NestedField& ours) {
        const auto* theirs = schema.find(std::string_view(ours.name));
        return theirs != nullptr && id_in_table(*metadata, ours) == theirs->id;
      }))
    return metadata;
  Schema view{.id = {}, .fields = {}, .identifier_field_ids = {}};
  for (const auto& known : metadata->schemas) view.id = std::max(view.id, known.id);
  ++view.id.value;
  for (const auto& ours : declared.fields) {
    const auto id = id_in_table(*metadata, ours);
    auto& field = view.fields.emplace_back(ours);
    if (const auto* theirs = id ? schema.find(*id) : nullptr) {
      field = *theirs;
      field.name = ours.name;
    } else {
      // Files may still have a column of that id: dropped, or somebody else's.
      field.id = FieldId{metadata->last_column_id.value + 1 + ours.id.value};
      field.required = false;
    }
  }
  auto copy = std::make_shared<TableMetadata>(*metadata);
  copy->current_schema_id = view.id;
  copy->schemas.push_back(std::move(view));
  return copy;
}

Result<TableMetadataPtr> with_columns(const TableMetadataPtr& metadata, const Schema& declared,
                                      const std::vector<std::string>& names) {
  const auto& schema = metadata->schema();
  Schema view{.id = {}, .fields = {}, .identifier_field_ids = {}};
  for (const auto& known : metadata->schemas) view.id = std::max(view.id, known.id);
  ++view.id.value;
  for (const auto& name : names) {
    const auto id = id_in_table(*metadata, *declared.find(std::string_view(name)));
    const auto* field = id ? schema.find(*id) : nullptr;
    if (field == nullptr)
      return make_error(Errc::corrupt, "the table has no column {} any more", name);
    view.fields.push_back(*field);
    view.fields.back().name = name;
  }
  auto copy = std::make_shared<TableMetadata>(*metadata);
  copy->current_schema_id = view.id;
  copy->schemas.push_back(std::move(view));
  return TableMetadataPtr(std::move(copy));
}

}  // namespace tradelake::iceberg
