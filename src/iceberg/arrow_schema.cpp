#include "iceberg/arrow_schema.h"

#include <charconv>

#include <arrow/extension/uuid.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include "iceberg/parquet_writer.h"

namespace tradelake::iceberg {

namespace {

constexpr const char* field_id_key = "PARQUET:field_id";

arrow::FieldVector to_arrow_fields(const std::vector<NestedField>& fields) {
  arrow::FieldVector out;
  out.reserve(fields.size());
  for (const NestedField& field : fields) out.push_back(to_arrow_field(field));
  return out;
}

}  // namespace

std::shared_ptr<arrow::DataType> to_arrow_type(const Type& type) {
  switch (type.kind) {
    case TypeKind::boolean:
      return arrow::boolean();
    case TypeKind::int32:
      return arrow::int32();
    case TypeKind::int64:
      return arrow::int64();
    case TypeKind::float32:
      return arrow::float32();
    case TypeKind::float64:
      return arrow::float64();
    case TypeKind::decimal:
      return arrow::decimal128(type.precision, type.scale);
    case TypeKind::date:
      return arrow::date32();
    case TypeKind::time:
      return arrow::time64(arrow::TimeUnit::MICRO);
    case TypeKind::timestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case TypeKind::timestamptz:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case TypeKind::string:
      return arrow::utf8();
    case TypeKind::uuid:
      return arrow::extension::uuid();
    case TypeKind::fixed:
      return arrow::fixed_size_binary(type.length);
    case TypeKind::binary:
      return arrow::binary();
    case TypeKind::structure:
      return arrow::struct_(to_arrow_fields(type.fields));
    case TypeKind::list:
      return arrow::list(to_arrow_field(type.fields.at(0)));
    case TypeKind::map:
      return std::make_shared<arrow::MapType>(to_arrow_field(type.fields.at(0)),
                                              to_arrow_field(type.fields.at(1)));
  }
  return arrow::null();
}

std::shared_ptr<arrow::Field> to_arrow_field(const NestedField& field) {
  return arrow::field(field.name, to_arrow_type(*field.type), !field.required,
                      arrow::key_value_metadata({field_id_key}, {std::to_string(field.id.value)}));
}

std::shared_ptr<arrow::Schema> to_arrow_schema(const Schema& schema) {
  return arrow::schema(to_arrow_fields(schema.fields));
}

std::optional<FieldId> field_id_of(const arrow::Field& field) {
  if (!field.HasMetadata()) return {};
  const auto text = field.metadata()->Get(field_id_key);
  if (!text.ok()) return {};
  std::int32_t id = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), id);
  // parquet-cpp shows a node without an id as -1.
  if (error != std::errc{} || end != text->data() + text->size() || id < 0) return {};
  return FieldId{id};
}

}  // namespace tradelake::iceberg
