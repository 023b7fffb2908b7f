#include "iceberg/parquet_columns.h"

#include <algorithm>

#include <arrow/type.h>
#include <parquet/arrow/schema.h>

#include "iceberg/arrow_schema.h"

namespace tradelake::iceberg {

namespace {

using parquet::arrow::SchemaField;

bool has_ids(const std::vector<SchemaField>& fields) {
  return std::ranges::any_of(fields, [](const SchemaField& field) {
    return field_id_of(*field.field) || has_ids(field.children);
  });
}

FileColumn build(const SchemaField& field, const std::string& name, bool own_ids,
                 const std::vector<MappedField>& siblings);

std::vector<FileColumn> build_children(const SchemaField& field, bool own_ids,
                                       const std::vector<MappedField>& mapping) {
  std::vector<FileColumn> children;
  const auto kind = field.field->type()->id();
  // Writers name these nodes as they like («element», «item», «array»); mappings always the same.
  if ((kind == arrow::Type::LIST || kind == arrow::Type::LARGE_LIST) &&
      field.children.size() == 1) {
    children.push_back(build(field.children[0], "element", own_ids, mapping));
  } else if (kind == arrow::Type::MAP && field.children.size() == 1 &&
             field.children[0].children.size() == 2) {
    children.push_back(build(field.children[0].children[0], "key", own_ids, mapping));
    children.push_back(build(field.children[0].children[1], "value", own_ids, mapping));
  } else {
    for (const SchemaField& child : field.children) {
      children.push_back(build(child, child.field->name(), own_ids, mapping));
    }
  }
  return children;
}

FileColumn build(const SchemaField& field, const std::string& name, bool own_ids,
                 const std::vector<MappedField>& siblings) {
  static const std::vector<MappedField> none;
  const MappedField* mapped = own_ids ? nullptr : find_name(siblings, name);
  FileColumn column;
  if (own_ids) column.id = field_id_of(*field.field);
  if (mapped != nullptr) column.id = mapped->id;
  column.type = field.field->type();
  column.children = build_children(field, own_ids, mapped != nullptr ? mapped->fields : none);
  if (field.is_leaf()) column.leaves.push_back(field.column_index);
  for (const FileColumn& child : column.children) {
    column.leaves.insert(column.leaves.end(), child.leaves.begin(), child.leaves.end());
  }
  return column;
}

}  // namespace

std::vector<FileColumn> file_columns(const parquet::arrow::SchemaManifest& manifest,
                                     const std::vector<MappedField>& mapping) {
  const bool own_ids = has_ids(manifest.schema_fields);
  std::vector<FileColumn> columns;
  for (const SchemaField& field : manifest.schema_fields) {
    columns.push_back(build(field, field.field->name(), own_ids, mapping));
  }
  return columns;
}

const FileColumn* find_column(const std::vector<FileColumn>& columns, FieldId id) {
  const auto it = std::ranges::find(columns, std::optional(id), &FileColumn::id);
  return it == columns.end() ? nullptr : &*it;
}

}  // namespace tradelake::iceberg
