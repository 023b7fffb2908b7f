#include "iceberg/partition_rows.h"

#include <algorithm>
#include <map>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include "iceberg/arrow_error.h"
#include "iceberg/arrow_values.h"

namespace tradelake::iceberg {
namespace {

using Cell = std::optional<Value>;

// The column that a partition field is computed from.
struct Source {
  const NestedField* field = nullptr;
  arrow::ArrayVector chunks;
};

Result<Source> find_source(const std::vector<NestedField>& fields, const PartitionField& wanted,
                           const std::vector<arrow::ArrayVector>& columns) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].id == wanted.source_id) return Source{&fields[i], columns[i]};
    if (fields[i].type->kind != TypeKind::structure) continue;
    std::vector<arrow::ArrayVector> children;
    for (std::size_t n = 0; n < fields[i].type->fields.size(); ++n) {
      TL_ASSIGN(auto chunks, child_chunks(columns[i], n));
      children.push_back(std::move(chunks));
    }
    TL_ASSIGN(auto found, find_source(fields[i].type->fields, wanted, children));
    if (found.field != nullptr) return found;
  }
  return Source{};
}

// Whether greater values never have a lesser result.
bool keeps_order(const Transform& transform) {
  using Kind = Transform::Kind;
  return transform.kind == Kind::identity || transform.kind == Kind::year ||
         transform.kind == Kind::month || transform.kind == Kind::day ||
         transform.kind == Kind::hour;
}

// What all rows have in common, if the least and the greatest value show it.
std::optional<Cell> common_result(const PartitionField& field, const Source& source) {
  if (field.transform.kind == Transform::Kind::void_) return std::optional<Cell>(std::in_place);
  const auto kind = source.field->type->kind;
  const bool is_long = kind == TypeKind::int64 || kind == TypeKind::timestamp ||
                       kind == TypeKind::timestamptz || kind == TypeKind::time;
  if (!is_long || !keeps_order(field.transform)) return std::nullopt;
  std::int64_t least = INT64_MAX, greatest = INT64_MIN;
  for (const auto& chunk : source.chunks) {
    if (chunk->type_id() == arrow::Type::DICTIONARY || chunk->null_count() > 0) return std::nullopt;
    const auto* values = chunk->data()->GetValues<std::int64_t>(1);
    for (std::int64_t i = 0; i < chunk->length(); ++i) {
      least = std::min(least, values[i]);
      greatest = std::max(greatest, values[i]);
    }
  }
  const auto& type = *source.field->type;
  const auto first = apply(field.transform, type, Value{least});
  if (first != apply(field.transform, type, Value{greatest})) return std::nullopt;
  return std::optional<Cell>(std::in_place, first);
}

// Groups of rows, split further by each field of the spec.
class Grouping {
 public:
  explicit Grouping(std::size_t rows) : group_of_(rows, 0), tuples_(1) {}

  void split(const PartitionField& field, const Source& source) {
    if (const auto common = common_result(field, source)) {
      for (auto& tuple : tuples_) tuple.push_back(*common);
      return;
    }
    std::vector<PartitionTuple> tuples;
    std::vector<std::map<Cell, std::uint32_t, PartitionValueLess>> known(tuples_.size());
    const auto& type = *source.field->type;
    std::size_t row = 0;
    Cell last, last_result;
    for (const auto& chunk : source.chunks) {
      for (std::int64_t i = 0; i < chunk->length(); ++i, ++row) {
        // Rows are sorted: the last value is often this one's, too.
        if (auto value = value_at(type, *chunk, i); row == 0 || value != last) {
          last_result = value ? apply(field.transform, type, *value) : std::nullopt;
          last = std::move(value);
        }
        auto& group = group_of_[row];
        const auto [at, fresh] = known[group].try_emplace(last_result, tuples.size());
        if (fresh) tuples.emplace_back(tuples_[group]).push_back(last_result);
        group = at->second;
      }
    }
    tuples_ = std::move(tuples);
  }

  Result<std::vector<PartitionOfRows>> rows(const std::shared_ptr<arrow::Table>& all) {
    std::vector<PartitionOfRows> partitions;
    if (tuples_.size() == 1) {
      partitions.push_back({std::move(tuples_.front()), all});
      return partitions;
    }
    std::vector<std::vector<std::int64_t>> rows_of(tuples_.size());
    for (std::size_t row = 0; row < group_of_.size(); ++row)
      rows_of[group_of_[row]].push_back(static_cast<std::int64_t>(row));
    for (std::size_t group = 0; group < tuples_.size(); ++group) {
      arrow::Int64Builder builder;
      TL_TRY(checked(builder.AppendValues(rows_of[group]), "splitting rows by partition"));
      TL_ASSIGN(const auto indices, checked(builder.Finish(), "splitting rows by partition"));
      TL_ASSIGN(const auto taken,
                checked(arrow::compute::Take(all, indices), "splitting rows by partition"));
      partitions.push_back({std::move(tuples_[group]), taken.table()});
    }
    std::ranges::sort(partitions, PartitionTupleLess{}, &PartitionOfRows::tuple);
    return partitions;
  }

 private:
  std::vector<std::uint32_t> group_of_;  // by row
  std::vector<PartitionTuple> tuples_;   // by group
};

}  // namespace

Result<std::vector<PartitionOfRows>> partition_rows(const Schema& schema, const PartitionSpec& spec,
                                                    const std::shared_ptr<arrow::Table>& rows) {
  if (rows->num_rows() == 0) return std::vector<PartitionOfRows>{};
  std::vector<arrow::ArrayVector> columns;
  for (const auto& field : schema.fields) {
    const auto column = rows->GetColumnByName(field.name);
    columns.push_back(column == nullptr ? arrow::ArrayVector{} : column->chunks());
  }
  Grouping grouping(static_cast<std::size_t>(rows->num_rows()));
  for (const auto& field : spec.fields) {
    if (field.transform.kind == Transform::Kind::unknown) {
      return make_error(Errc::unsupported,
                        "the table is partitioned by {}, which this version cannot compute",
                        to_string(field.transform));
    }
    TL_ASSIGN(const auto source, find_source(schema.fields, field, columns));
    if (source.field == nullptr && field.transform.kind != Transform::Kind::void_) {
      return make_error(Errc::corrupt, "partition field '{}' is of column {}, which does not exist",
                        field.name, field.source_id.value);
    }
    grouping.split(field, source);
  }
  return grouping.rows(rows);
}

}  // namespace tradelake::iceberg
