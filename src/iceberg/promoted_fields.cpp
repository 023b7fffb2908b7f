#include "iceberg/promoted_fields.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include <arrow/api.h>

#include "iceberg/arrow_error.h"
#include "iceberg/arrow_projection.h"
#include "iceberg/arrow_schema.h"
#include "iceberg/metadata_action.h"
#include "iceberg/schema_update.h"
#include "iceberg/value_text.h"

namespace tradelake::iceberg {
namespace {

constexpr std::string_view prefix = "tradelake.promoted.";

bool is_text_map(const NestedField* field) {
  return field != nullptr && field->type->kind == TypeKind::map &&
         std::ranges::all_of(field->type->fields, [](const NestedField& part) {
           return part.type->kind == TypeKind::string;
         });
}

bool can_be_read(const Type& type) {
  switch (type.kind) {
    case TypeKind::boolean:
    case TypeKind::int32:
    case TypeKind::int64:
    case TypeKind::float32:
    case TypeKind::float64:
    case TypeKind::decimal:
    case TypeKind::date:
    case TypeKind::timestamp:
    case TypeKind::timestamptz:
    case TypeKind::string:
      return true;
    default:
      return false;
  }
}

std::optional<FieldId> id_in(std::string_view text) {
  std::int32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return FieldId{id};
}

std::optional<std::string_view> entry(const arrow::MapArray& maps, const arrow::StringArray& keys,
                                      const arrow::StringArray& values, std::int64_t row,
                                      std::string_view key) {
  if (maps.IsNull(row)) return std::nullopt;
  for (auto at = maps.value_offset(row); at < maps.value_offset(row + 1); ++at) {
    if (keys.GetView(at) != key) continue;
    return values.IsNull(at) ? std::nullopt : std::optional(values.GetView(at));
  }
  return std::nullopt;
}

// The column with what the maps have for its nulls; the same array if that is nothing.
Result<std::shared_ptr<arrow::Array>> filled(const NestedField& field,
                                             std::shared_ptr<arrow::Array> column,
                                             const arrow::MapArray& maps, std::string_view key) {
  const auto* keys = dynamic_cast<const arrow::StringArray*>(maps.keys().get());
  const auto* values = dynamic_cast<const arrow::StringArray*>(maps.items().get());
  if (keys == nullptr || values == nullptr) {
    return make_error(Errc::unsupported, "a map of {} to {}: allowed are texts",
                      maps.keys()->type()->ToString(), maps.items()->type()->ToString());
  }
  std::vector<std::pair<std::int64_t, std::shared_ptr<arrow::Scalar>>> found;
  for (std::int64_t row = 0; row < maps.length(); ++row) {
    if (column->IsValid(row)) continue;
    const auto text = entry(maps, *keys, *values, row, key);
    if (!text) continue;
    const auto value = parse_value(*field.type, *text);
    if (!value) continue;  // stays in the map
    TL_ASSIGN(auto scalar, to_scalar(*field.type, *value));
    found.emplace_back(row, std::move(scalar));
  }
  if (found.empty()) return column;
  TL_ASSIGN(const auto builder, checked(arrow::MakeBuilder(column->type()), "making a column"));
  TL_TRY(checked(builder->Reserve(column->length()), "making a column"));
  const arrow::ArraySpan span(*column->data());
  std::int64_t next = 0;
  const auto copy_until = [&](std::int64_t row) {
    return checked(builder->AppendArraySlice(span, next, row - next), "copying a column");
  };
  for (const auto& [row, scalar] : found) {
    TL_TRY(copy_until(row));
    TL_TRY(checked(builder->AppendScalar(*scalar), "filling a column"));
    next = row + 1;
  }
  TL_TRY(copy_until(column->length()));
  return checked(builder->Finish(), "finishing a column");
}

class Promotion final : public Action {
 public:
  Promotion(std::string map, std::string key, std::string column, TypePtr type, std::string doc)
      : map_(std::move(map)),
        key_(std::move(key)),
        column_(std::move(column)),
        type_(std::move(type)),
        doc_(std::move(doc)) {}

  Result<TableMetadata> apply(const TableMetadata& base, FileIo& io, int attempt) override {
    const auto* map = base.schema().find(std::string_view(map_));
    if (!is_text_map(map)) {
      return make_error(Errc::invalid_argument,
                        "'{}' is no column of type map<string, string>; fields are taken from one",
                        map_);
    }
    if (key_.empty()) return make_error(Errc::invalid_argument, "the field's name is empty");
    if (!can_be_read(*type_)) {
      return make_error(Errc::invalid_argument,
                        "type {} cannot be read from text; allowed: boolean, int, long, float, "
                        "double, decimal, date, timestamp, timestamptz, string",
                        to_string(*type_));
    }
    auto next = base;
    if (const auto* there = base.schema().find(std::string_view(column_)); there == nullptr) {
      TL_ASSIGN(next, add_column(column_, type_, doc_)->apply(base, io, attempt));
    } else if (there->required || !(*there->type == *type_)) {
      return make_error(Errc::invalid_argument, "'{}' exists already, as {} {}", column_,
                        there->required ? "required" : "optional", to_string(*there->type));
    }
    const auto id = next.schema().find(std::string_view(column_))->id;
    const auto property = fmt::format("{}{}", prefix, id.value);
    return change_metadata([&](TableMetadata& changed, std::int64_t) -> Result<> {
             changed.properties[property] = fmt::format("{}.{}", map->id.value, key_);
             return {};
           })
        ->apply(next, io, attempt);
  }

 private:
  const std::string map_, key_, column_;
  const TypePtr type_;
  const std::string doc_;
};

}  // namespace

std::vector<PromotedField> promoted_fields(const TableMetadata& metadata) {
  std::vector<PromotedField> promoted;
  for (auto it = metadata.properties.lower_bound(std::string(prefix));
       it != metadata.properties.end() && it->first.starts_with(prefix); ++it) {
    const std::string_view from = it->second;
    const auto dot = from.find('.');
    const auto column = id_in(std::string_view(it->first).substr(prefix.size()));
    const auto map = dot == from.npos ? std::nullopt : id_in(from.substr(0, dot));
    if (!column || !map) continue;
    const auto* field = metadata.schema().find(*column);
    if (field == nullptr || !can_be_read(*field->type) || field->required ||
        !is_text_map(metadata.schema().find(*map)))
      continue;
    promoted.push_back({*map, *column, std::string(from.substr(dot + 1))});
  }
  return promoted;
}

std::unique_ptr<Action> promote_field(std::string map_column, std::string key, std::string column,
                                      TypePtr type, std::string doc) {
  return std::make_unique<Promotion>(std::move(map_column), std::move(key), std::move(column),
                                     std::move(type), std::move(doc));
}

Result<std::shared_ptr<arrow::Table>> fill_promoted(const TableMetadata& metadata,
                                                    std::shared_ptr<arrow::Table> rows) {
  const auto promoted = promoted_fields(metadata);
  if (promoted.empty() || rows->num_rows() == 0) return rows;
  const auto& schema = metadata.schema();
  for (const auto& [map, column, key] : promoted) {
    const auto& field = *schema.find(column);
    const int from = rows->schema()->GetFieldIndex(schema.find(map)->name);
    const int to = rows->schema()->GetFieldIndex(field.name);
    if (from < 0 || to < 0 || rows->column(from)->null_count() == rows->num_rows()) continue;
    if (rows->column(from)->num_chunks() > 1 || rows->column(to)->num_chunks() > 1) {
      TL_ASSIGN(rows, checked(rows->CombineChunks(), "joining rows"));
    }
    const auto* maps = dynamic_cast<const arrow::MapArray*>(rows->column(from)->chunk(0).get());
    if (maps == nullptr) {
      return make_error(Errc::unsupported, "'{}' is {}, no map", schema.find(map)->name,
                        rows->column(from)->type()->ToString());
    }
    TL_ASSIGN(auto array, filled(field, rows->column(to)->chunk(0), *maps, key));
    TL_ASSIGN(rows,
              checked(rows->SetColumn(to, rows->schema()->field(to),
                                      std::make_shared<arrow::ChunkedArray>(std::move(array))),
                      "filling a column"));
  }
  return rows;
}

}  // namespace tradelake::iceberg
