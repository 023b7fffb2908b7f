#include "iceberg/parquet_statistics.h"

#include <cmath>

#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>
#include <parquet/types.h>

namespace tradelake::iceberg {

namespace {

using Bounds = std::optional<std::pair<Value, Value>>;

template <class ParquetType>
const auto& typed(const parquet::Statistics& statistics) {
  return static_cast<const parquet::TypedStatistics<ParquetType>&>(statistics);
}

template <class ParquetType, class To>
Bounds numbers(const parquet::Statistics& statistics) {
  const auto& stats = typed<ParquetType>(statistics);
  return std::pair{Value{static_cast<To>(stats.min())}, Value{static_cast<To>(stats.max())}};
}

template <class ParquetType, class To>
Bounds reals(const parquet::Statistics& statistics) {
  const auto& stats = typed<ParquetType>(statistics);
  if (std::isnan(stats.min()) || std::isnan(stats.max())) return {};
  return numbers<ParquetType, To>(statistics);
}

Value text(const parquet::ByteArray& bytes) {
  return std::string(std::string_view(bytes));
}

Value text(const parquet::FixedLenByteArray& bytes, int length) {
  return std::string(reinterpret_cast<const char*>(bytes.ptr), static_cast<std::size_t>(length));
}

Bounds texts(const parquet::Statistics& statistics, const parquet::ColumnDescriptor& column) {
  if (column.physical_type() == parquet::Type::BYTE_ARRAY) {
    const auto& stats = typed<parquet::ByteArrayType>(statistics);
    return std::pair{text(stats.min()), text(stats.max())};
  }
  if (column.physical_type() == parquet::Type::FIXED_LEN_BYTE_ARRAY) {
    const auto& stats = typed<parquet::FLBAType>(statistics);
    return std::pair{text(stats.min(), column.type_length()),
                     text(stats.max(), column.type_length())};
  }
  return {};
}

Bounds integers(TypeKind kind, const parquet::Statistics& statistics,
                const parquet::ColumnDescriptor& column) {
  const bool wide = kind != TypeKind::int32 && kind != TypeKind::date;
  if (column.physical_type() == parquet::Type::INT32) {
    return wide ? numbers<parquet::Int32Type, std::int64_t>(statistics)
                : numbers<parquet::Int32Type, std::int32_t>(statistics);
  }
  if (column.physical_type() == parquet::Type::INT64 && wide) {
    return numbers<parquet::Int64Type, std::int64_t>(statistics);
  }
  return {};
}

bool microseconds(const parquet::ColumnDescriptor& column) {
  const auto& type = column.logical_type();
  if (type == nullptr) return false;
  if (type->is_timestamp()) {
    return static_cast<const parquet::TimestampLogicalType&>(*type).time_unit() ==
           parquet::LogicalType::TimeUnit::MICROS;
  }
  return type->is_time() && static_cast<const parquet::TimeLogicalType&>(*type).time_unit() ==
                                parquet::LogicalType::TimeUnit::MICROS;
}

Bounds decimals(const Type& type, const parquet::Statistics& statistics,
                const parquet::ColumnDescriptor& column) {
  const auto& logical = column.logical_type();
  if (logical == nullptr || !logical->is_decimal() ||
      static_cast<const parquet::DecimalLogicalType&>(*logical).scale() != type.scale) {
    return {};
  }
  if (column.physical_type() == parquet::Type::INT32)
    return numbers<parquet::Int32Type, int128_t>(statistics);
  if (column.physical_type() == parquet::Type::INT64)
    return numbers<parquet::Int64Type, int128_t>(statistics);
  const auto bytes = texts(statistics, column);
  if (!bytes) return {};
  const auto lower = from_bytes(type, std::get<std::string>(bytes->first));
  const auto upper = from_bytes(type, std::get<std::string>(bytes->second));
  if (!lower || !upper) return {};
  return std::pair{*lower, *upper};
}

Bounds bounds(const Type& type, const parquet::Statistics& statistics,
              const parquet::ColumnDescriptor& column) {
  const auto order = column.sort_order();
  const auto physical = column.physical_type();
  switch (type.kind) {
    case TypeKind::boolean:
      if (physical != parquet::Type::BOOLEAN) return {};
      return numbers<parquet::BooleanType, bool>(statistics);
    case TypeKind::int32:
    case TypeKind::int64:
    case TypeKind::date:
      if (order != parquet::SortOrder::SIGNED) return {};
      return integers(type.kind, statistics, column);
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::timestamptz:
      if (order != parquet::SortOrder::SIGNED || !microseconds(column)) return {};
      return integers(type.kind, statistics, column);
    case TypeKind::float32:
      if (physical != parquet::Type::FLOAT) return {};
      return reals<parquet::FloatType, float>(statistics);
    case TypeKind::float64:
      if (physical == parquet::Type::FLOAT) return reals<parquet::FloatType, double>(statistics);
      if (physical != parquet::Type::DOUBLE) return {};
      return reals<parquet::DoubleType, double>(statistics);
    case TypeKind::decimal:
      if (order != parquet::SortOrder::SIGNED) return {};
      return decimals(type, statistics, column);
    case TypeKind::string:
    case TypeKind::binary:
    case TypeKind::fixed:
    case TypeKind::uuid:
      if (order != parquet::SortOrder::UNSIGNED) return {};
      return texts(statistics, column);
    case TypeKind::structure:
    case TypeKind::list:
    case TypeKind::map:
      return {};
  }
  return {};
}

}  // namespace

ChunkStatistics read_statistics(const Type& type, const parquet::ColumnDescriptor& column,
                                const parquet::ColumnChunkMetaData& chunk) {
  ChunkStatistics out;
  if (!chunk.is_stats_set()) return out;
  const auto statistics = chunk.statistics();
  if (statistics == nullptr) return out;
  if (statistics->HasNullCount()) out.null_count = statistics->null_count();
  if (!statistics->HasMinMax()) return out;
  if (auto found = bounds(type, *statistics, column)) {
    out.lower = std::move(found->first);
    out.upper = std::move(found->second);
  }
  return out;
}

}  // namespace tradelake::iceberg
