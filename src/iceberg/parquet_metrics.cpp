#include "iceberg/parquet_metrics.h"

#include <algorithm>

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/cast.h>
#include <arrow/table.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

#include "iceberg/arrow_error.h"
#include "iceberg/arrow_values.h"
#include "iceberg/parquet_statistics.h"

namespace tradelake::iceberg {

namespace {

constexpr std::size_t bound_width = 16;
// Arrow leaves bounds out of the footer that are longer.
constexpr std::int64_t longest_in_footer = 4096;

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

// The longest of the texts; 0 for anything else.
std::int64_t longest(const arrow::Array& array) {
  if (array.type_id() == arrow::Type::FIXED_SIZE_BINARY)
    return static_cast<const arrow::FixedSizeBinaryArray&>(array).byte_width();
  if (array.type_id() != arrow::Type::STRING && array.type_id() != arrow::Type::BINARY) return 0;
  const auto& texts = static_cast<const arrow::BinaryArray&>(array);
  std::int64_t most = 0;
  for (std::int64_t i = 0; i < texts.length(); ++i)
    most = std::max<std::int64_t>(most, texts.value_length(i));
  return most;
}

std::int64_t first_page(const parquet::ColumnChunkMetaData& chunk) {
  return chunk.has_dictionary_page()
             ? std::min(chunk.dictionary_page_offset(), chunk.data_page_offset())
             : chunk.data_page_offset();
}

}  // namespace

// Leaf by leaf, in the order of the file's columns.
struct MetricsCollector::Walk {
  const MetricsCollector& collector;
  const parquet::FileMetaData& metadata;
  DataFile& file;
  int leaf = 0;

  void visit(const NestedField& field) {
    if (field.type->primitive()) {
      store(field, leaf++);
    } else {
      for (const auto& child : field.type->fields) visit(child);
    }
  }

  void store(const NestedField& field, int column_index) {
    const auto& column = *metadata.schema()->Column(column_index);
    const auto found = collector.seen_.find(field.id);
    const auto* seen = found == collector.seen_.end() ? nullptr : &found->second;
    LeafBounds bounds;
    bool complete = true;
    std::int64_t size = 0, values = 0, nulls = 0, first_row = 0;
    for (int group = 0; group < metadata.num_row_groups(); ++group) {
      const auto row_group = metadata.RowGroup(group);
      const auto chunk = row_group->ColumnChunk(column_index);
      const auto statistics = read_statistics(*field.type, column, *chunk);
      const std::int64_t end = first_row + row_group->num_rows();
      size += chunk->total_compressed_size();
      values += chunk->num_values();
      nulls += statistics.null_count.value_or(0);
      if (statistics.lower) {
        bounds.add(*statistics.lower, *statistics.upper);
      } else if (statistics.null_count != chunk->num_values()) {
        complete = complete && seen != nullptr && covers(*seen, first_row, end);
      }
      first_row = end;
    }
    file.column_sizes[field.id] = size;
    file.value_counts[field.id] = values;
    file.null_value_counts[field.id] = nulls;
    if (column.max_repetition_level() > 0) return;
    const auto kind = field.type->kind;
    if (seen != nullptr && (kind == TypeKind::float32 || kind == TypeKind::float64))
      file.nan_value_counts[field.id] = seen->nan_values;
    if (!complete) return;
    if (seen != nullptr && seen->lower) bounds.add(*seen->lower, *seen->upper);
    store_bounds(field, bounds, file);
  }

  // Whether the rows are all among those whose values were looked at.
  static bool covers(const Seen& seen, std::int64_t first_row, std::int64_t end) {
    for (const auto& [from, to] : seen.rows) {
      if (from <= first_row && first_row < to) first_row = to;
    }
    return first_row >= end;
  }
};

Result<> MetricsCollector::add(const arrow::Table& rows) {
  for (std::size_t i = 0; i < schema_.fields.size(); ++i)
    TL_TRY(add_field(schema_.fields[i], rows.column(static_cast<int>(i))->chunks(), rows_));
  rows_ += rows.num_rows();
  return {};
}

Result<> MetricsCollector::add_field(const NestedField& field, const Chunks& chunks,
                                     std::int64_t first_row) {
  if (field.type->primitive()) return add_leaf(field, chunks, first_row);
  if (field.type->kind != TypeKind::structure) return {};
  for (std::size_t i = 0; i < field.type->fields.size(); ++i) {
    TL_ASSIGN(const auto children, child_chunks(chunks, i));
    TL_TRY(add_field(field.type->fields[i], children, first_row));
  }
  return {};
}

Result<> MetricsCollector::add_leaf(const NestedField& field, const Chunks& chunks,
                                    std::int64_t first_row) {
  const TypeKind kind = field.type->kind;
  const bool real = kind == TypeKind::float32 || kind == TypeKind::float64;
  if (!real && !textual(kind)) return {};
  for (auto chunk : chunks) {
    const std::int64_t end = first_row + chunk->length();
    const auto* dictionary =
        chunk->type_id() == arrow::Type::DICTIONARY
            ? static_cast<const arrow::DictionaryArray&>(*chunk).dictionary().get()
            : nullptr;
    if (real || longest(dictionary == nullptr ? *chunk : *dictionary) > longest_in_footer) {
      if (dictionary != nullptr) {
        TL_ASSIGN(chunk, checked(arrow::compute::Cast(*chunk, dictionary->type()),
                                 "decoding a dictionary"));
      }
      auto& seen = seen_[field.id];
      LeafBounds bounds{std::move(seen.lower), std::move(seen.upper)};
      if (kind == TypeKind::float32) {
        seen.nan_values += count_nan<arrow::FloatArray>(*chunk);
        add_real_range<arrow::FloatArray>(*chunk, bounds);
      } else if (kind == TypeKind::float64) {
        seen.nan_values += count_nan<arrow::DoubleArray>(*chunk);
        add_real_range<arrow::DoubleArray>(*chunk, bounds);
      } else if (kind == TypeKind::fixed) {
        add_range<arrow::FixedSizeBinaryArray>(*chunk, bounds);
      } else {
        add_range<arrow::BinaryArray>(*chunk, bounds);
      }
      seen.lower = std::move(bounds.lower);
      seen.upper = std::move(bounds.upper);
      seen.rows.emplace_back(first_row, end);
    }
    first_row = end;
  }
  return {};
}

void MetricsCollector::finish(const parquet::FileMetaData& metadata, DataFile& file) const {
  file.record_count = metadata.num_rows();
  for (int group = 0; group < metadata.num_row_groups(); ++group)
    file.split_offsets.push_back(first_page(*metadata.RowGroup(group)->ColumnChunk(0)));
  Walk walk{*this, metadata, file};
  for (const auto& field : schema_.fields) walk.visit(field);
}

}  // namespace tradelake::iceberg
