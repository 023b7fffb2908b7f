#include "iceberg/parquet_metrics.h"

#include <algorithm>
#include <functional>

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/cast.h>
#include <arrow/table.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

#include "iceberg/arrow_error.h"
#include "iceberg/parquet_statistics.h"

namespace tradelake::iceberg {

namespace {

constexpr std::size_t bound_width = 16;

struct LeafBounds {
  std::optional<Value> lower;
  std::optional<Value> upper;

  void add(const Value& low, const Value& high) {
    if (!lower || compare(low, *lower) < 0) lower = low;
    if (!upper || compare(high, *upper) > 0) upper = high;
  }
};

bool textual(TypeKind kind) {
  return kind == TypeKind::string || kind == TypeKind::binary || kind == TypeKind::fixed;
}

void store_bounds(const NestedField& field, const LeafBounds& bounds, DataFile& file) {
  if (!bounds.lower || !bounds.upper) return;
  const Type& type = *field.type;
  if (!textual(type.kind)) {
    file.lower_bounds[field.id] = to_bytes(type, *bounds.lower);
    file.upper_bounds[field.id] = to_bytes(type, *bounds.upper);
    return;
  }
  file.lower_bounds[field.id] =
      truncate_lower(type, std::get<std::string>(*bounds.lower), bound_width);
  if (auto upper = truncate_upper(type, std::get<std::string>(*bounds.upper), bound_width)) {
    file.upper_bounds[field.id] = std::move(*upper);
  }
}

// Whether some row group has values of the column but no bounds of them.
bool store_from_footer(const NestedField& field, int leaf, const parquet::FileMetaData& metadata,
                       DataFile& file) {
  const auto& column = *metadata.schema()->Column(leaf);
  LeafBounds bounds;
  bool incomplete = false;
  std::int64_t size = 0, values = 0, nulls = 0;
  for (int group = 0; group < metadata.num_row_groups(); ++group) {
    const auto row_group = metadata.RowGroup(group);
    const auto chunk = row_group->ColumnChunk(leaf);
    const auto statistics = read_statistics(*field.type, column, *chunk);
    size += chunk->total_compressed_size();
    values += chunk->num_values();
    nulls += statistics.null_count.value_or(0);
    if (statistics.lower) {
      bounds.add(*statistics.lower, *statistics.upper);
    } else if (statistics.null_count != chunk->num_values()) {
      incomplete = true;
    }
  }
  file.column_sizes[field.id] = size;
  file.value_counts[field.id] = values;
  file.null_value_counts[field.id] = nulls;
  if (column.max_repetition_level() > 0) return false;
  if (!incomplete) store_bounds(field, bounds, file);
  return incomplete;
}

template <class ArrowArray>
std::int64_t count_nan(const arrow::Array& array) {
  const auto& typed = static_cast<const ArrowArray&>(array);
  const auto* values = typed.raw_values();
  std::int64_t count = 0;
  if (typed.null_count() == 0) {
    for (std::int64_t i = 0; i < typed.length(); ++i) count += values[i] != values[i];
  } else {
    for (std::int64_t i = 0; i < typed.length(); ++i)
      count += values[i] != values[i] && typed.IsValid(i);
  }
  return count;
}

template <class ArrowArray>
void add_range(const arrow::Array& array, LeafBounds& bounds) {
  const auto& typed = static_cast<const ArrowArray&>(array);
  std::optional<std::string_view> low, high;
  for (std::int64_t i = 0; i < typed.length(); ++i) {
    if (typed.IsNull(i)) continue;
    const std::string_view view = typed.GetView(i);
    if (!low || view < *low) low = view;
    if (!high || view > *high) high = view;
  }
  if (low) bounds.add(std::string(*low), std::string(*high));
}

template <class ArrowArray>
void add_real_range(const arrow::Array& array, LeafBounds& bounds) {
  const auto& typed = static_cast<const ArrowArray&>(array);
  for (std::int64_t i = 0; i < typed.length(); ++i) {
    const auto value = typed.Value(i);
    if (typed.IsNull(i) || value != value) continue;
    // Zero's two signs are one value: the lower bound takes the negative one, the upper the
    // positive.
    if (value == 0) {
      bounds.add(-decltype(value){0}, decltype(value){0});
    } else {
      bounds.add(value, value);
    }
  }
}

// What the footer could not tell, from the values themselves.
Result<> store_from_values(const NestedField& field, bool bounds_wanted,
                           const arrow::ArrayVector& chunks, DataFile& file) {
  LeafBounds bounds;
  const TypeKind kind = field.type->kind;
  for (auto chunk : chunks) {
    if (chunk->type_id() == arrow::Type::DICTIONARY) {
      const auto& type = static_cast<const arrow::DictionaryType&>(*chunk->type());
      TL_ASSIGN(chunk,
                checked(arrow::compute::Cast(*chunk, type.value_type()), "decoding a dictionary"));
    }
    if (kind == TypeKind::float32)
      file.nan_value_counts[field.id] += count_nan<arrow::FloatArray>(*chunk);
    if (kind == TypeKind::float64)
      file.nan_value_counts[field.id] += count_nan<arrow::DoubleArray>(*chunk);
    if (!bounds_wanted) continue;
    if (kind == TypeKind::float32) add_real_range<arrow::FloatArray>(*chunk, bounds);
    if (kind == TypeKind::float64) add_real_range<arrow::DoubleArray>(*chunk, bounds);
    if (kind == TypeKind::string || kind == TypeKind::binary)
      add_range<arrow::BinaryArray>(*chunk, bounds);
    if (kind == TypeKind::fixed) add_range<arrow::FixedSizeBinaryArray>(*chunk, bounds);
  }
  store_bounds(field, bounds, file);
  return {};
}

struct Walk {
  const parquet::FileMetaData& metadata;
  DataFile& file;
  int leaf = 0;

  // `chunks` is null where the values are not needed to be at hand: inside lists and maps.
  Result<> visit(const NestedField& field, const arrow::ArrayVector* chunks) {
    if (field.type->primitive()) {
      const bool incomplete = store_from_footer(field, leaf++, metadata, file);
      const bool real =
          field.type->kind == TypeKind::float32 || field.type->kind == TypeKind::float64;
      if (chunks == nullptr || !(incomplete || real)) return {};
      return store_from_values(field, incomplete, *chunks, file);
    }
    const bool structure = field.type->kind == TypeKind::structure && chunks != nullptr;
    for (std::size_t i = 0; i < field.type->fields.size(); ++i) {
      arrow::ArrayVector children;
      for (std::size_t c = 0; structure && c < chunks->size(); ++c) {
        const auto& parent = static_cast<const arrow::StructArray&>(*(*chunks)[c]);
        TL_ASSIGN(auto child,
                  checked(parent.GetFlattenedField(static_cast<int>(i)), "flattening a struct"));
        children.push_back(std::move(child));
      }
      TL_TRY(visit(field.type->fields[i], structure ? &children : nullptr));
    }
    return {};
  }
};

std::int64_t first_page(const parquet::ColumnChunkMetaData& chunk) {
  return chunk.has_dictionary_page()
             ? std::min(chunk.dictionary_page_offset(), chunk.data_page_offset())
             : chunk.data_page_offset();
}

}  // namespace

Result<> collect_metrics(const Schema& schema, const parquet::FileMetaData& metadata,
                         const arrow::Table& rows, DataFile& file) {
  file.record_count = metadata.num_rows();
  for (int group = 0; group < metadata.num_row_groups(); ++group) {
    file.split_offsets.push_back(first_page(*metadata.RowGroup(group)->ColumnChunk(0)));
  }
  Walk walk{metadata, file};
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    TL_TRY(walk.visit(schema.fields[i], &rows.column(static_cast<int>(i))->chunks()));
  }
  return {};
}

}  // namespace tradelake::iceberg
