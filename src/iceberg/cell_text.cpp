#include "iceberg/cell_text.h"

#include <arrow/array.h>
#include <fmt/format.h>

#include "iceberg/arrow_values.h"
#include "iceberg/utf8.h"
#include "iceberg/value_text.h"

namespace tradelake::iceberg {
namespace {

bool is_timestamp(TypeKind kind) {
  return kind == TypeKind::timestamp || kind == TypeKind::timestamptz;
}

std::string text_of(const Type& type, const Value& value) {
  if (is_timestamp(type.kind)) return timestamp_text(std::get<std::int64_t>(value)) + "Z";
  return value_text(type, value);
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto front = front_code_point(text);
    if (!front) return false;
    text.remove_prefix(front->bytes);
  }
  return true;
}

void write_value(JsonWriter& json, const Type& type, const Value& value) {
  switch (type.kind) {
    case TypeKind::boolean:
      json.boolean(std::get<bool>(value));
      return;
    case TypeKind::int32:
      json.integer(std::get<std::int32_t>(value));
      return;
    case TypeKind::int64:
      json.integer(std::get<std::int64_t>(value));
      return;
    case TypeKind::float32:
    case TypeKind::float64: {
      const auto text = text_of(type, value);
      const bool finite = text.find_first_of("in") == std::string::npos;  // "inf", "nan"
      finite ? json.raw(text) : json.string(text);
      return;
    }
    default:
      json.string(text_of(type, value));
  }
}

void write_struct(JsonWriter& json, const Type& type, const arrow::Array& array, std::int64_t row) {
  const auto& parent = static_cast<const arrow::StructArray&>(array);
  json.open_object();
  for (std::size_t i = 0; i < type.fields.size(); ++i) {
    json.key(type.fields[i].name);
    write_cell(json, *type.fields[i].type, *parent.field(static_cast<int>(i)), row);
  }
  json.close_object();
}

void write_map(JsonWriter& json, const Type& type, const arrow::MapArray& map, std::int64_t row) {
  const auto& key = *type.fields[0].type;
  const bool as_object = key.kind == TypeKind::string;
  as_object ? json.open_object() : json.open_array();
  for (auto i = map.value_offset(row); i < map.value_offset(row + 1); ++i) {
    if (as_object) {
      json.key(cell_text(key, *map.keys(), i).value_or(""));
    } else {
      json.open_array();
      write_cell(json, key, *map.keys(), i);
    }
    write_cell(json, *type.fields[1].type, *map.items(), i);
    if (!as_object) json.close_array();
  }
  as_object ? json.close_object() : json.close_array();
}

}  // namespace

std::optional<std::string> cell_text(const Type& type, const arrow::Array& array, std::int64_t row,
                                     bool for_people) {
  if (array.IsNull(row)) return std::nullopt;
  if (!type.primitive()) {
    JsonWriter json;
    write_cell(json, type, array, row);
    return std::move(json).take();
  }
  const auto value = value_at(type, array, row);
  if (for_people && type.kind == TypeKind::binary && is_utf8(std::get<std::string>(*value)))
    return std::get<std::string>(*value);
  return text_of(type, *value);
}

void write_cell(JsonWriter& json, const Type& type, const arrow::Array& array, std::int64_t row) {
  if (array.IsNull(row)) {
    json.raw("null");
    return;
  }
  switch (type.kind) {
    case TypeKind::structure:
      return write_struct(json, type, array, row);
    case TypeKind::map:
      return write_map(json, type, static_cast<const arrow::MapArray&>(array), row);
    case TypeKind::list: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      json.open_array();
      for (auto i = list.value_offset(row); i < list.value_offset(row + 1); ++i)
        write_cell(json, *type.fields[0].type, *list.values(), i);
      json.close_array();
      return;
    }
    default:
      return write_value(json, type, *value_at(type, array, row));
  }
}

}  // namespace tradelake::iceberg
