#include "iceberg/arrow_conform.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/extension_type.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include "iceberg/arrow_schema.h"

namespace tradelake::iceberg {

namespace {

// The same buffers under `type`; nullptr if the layouts differ.
std::shared_ptr<arrow::ArrayData> retype(const std::shared_ptr<arrow::ArrayData>& data,
                                         const std::shared_ptr<arrow::DataType>& type) {
  if (data->type->Equals(*type)) return data;
  if (type->id() == arrow::Type::EXTENSION) {
    const auto& storage = static_cast<const arrow::ExtensionType&>(*type).storage_type();
    if (!data->type->Equals(*storage)) return nullptr;
  } else if (data->type->id() != type->id() || !arrow::is_nested(type->id()) ||
             data->type->num_fields() != type->num_fields()) {
    return nullptr;
  }
  auto copy = data->Copy();
  copy->type = type;
  for (std::size_t i = 0; i < copy->child_data.size(); ++i) {
    const auto& child = type->field(static_cast<int>(i));
    if (type->id() == arrow::Type::STRUCT &&
        data->type->field(static_cast<int>(i))->name() != child->name()) {
      return nullptr;
    }
    copy->child_data[i] = retype(copy->child_data[i], child->type());
    if (copy->child_data[i] == nullptr) return nullptr;
  }
  return copy;
}

Result<std::shared_ptr<arrow::ChunkedArray>> conform_column(const NestedField& field,
                                                            const arrow::Field& expected,
                                                            const arrow::ChunkedArray& column) {
  if (field.required && column.null_count() > 0) {
    return make_error(Errc::invalid_argument,
                      "column '{}' is required, but {} of its {} values are null", field.name,
                      column.null_count(), column.length());
  }
  const auto& type = *column.type();
  if (type.id() == arrow::Type::DICTIONARY &&
      static_cast<const arrow::DictionaryType&>(type).value_type()->Equals(*expected.type())) {
    return std::make_shared<arrow::ChunkedArray>(column.chunks(), column.type());
  }
  arrow::ArrayVector chunks;
  for (const auto& chunk : column.chunks()) {
    const auto data = retype(chunk->data(), expected.type());
    if (data == nullptr) {
      return make_error(Errc::invalid_argument, "column '{}' is {}, but the table's type is {}",
                        field.name, type.ToString(), expected.type()->ToString());
    }
    chunks.push_back(arrow::MakeArray(data));
  }
  return std::make_shared<arrow::ChunkedArray>(std::move(chunks), expected.type());
}

}  // namespace

Result<std::shared_ptr<arrow::Table>> conform(const Schema& schema, const arrow::Table& rows) {
  arrow::FieldVector fields;
  arrow::ChunkedArrayVector columns;
  for (const NestedField& field : schema.fields) {
    const auto column = rows.GetColumnByName(field.name);
    if (column == nullptr) {
      return make_error(Errc::invalid_argument, "column '{}' is not among the rows (exactly once)",
                        field.name);
    }
    const auto expected = to_arrow_field(field);
    TL_ASSIGN(auto conformed, conform_column(field, *expected, *column));
    fields.push_back(expected->WithType(conformed->type()));
    columns.push_back(std::move(conformed));
  }
  if (rows.num_columns() != static_cast<int>(columns.size())) {
    for (const std::string& name : rows.ColumnNames()) {
      if (schema.find(name) == nullptr) {
        return make_error(Errc::invalid_argument,
                          "the rows have a column '{}', which the schema does not have", name);
      }
    }
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(columns), rows.num_rows());
}

}  // namespace tradelake::iceberg
