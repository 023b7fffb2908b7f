// Partition specs, transforms and sort orders («Partitioning», «Sorting»).
//
// Threads: immutable after construction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "iceberg/schema.h"
#include "iceberg/value.h"

namespace tradelake::iceberg {

struct Transform {
  enum class Kind { identity, bucket, truncate, year, month, day, hour, void_, unknown };
  Kind kind = Kind::identity;
  std::int32_t parameter = 0;  // bucket count or truncation width
  std::string text;            // as in the metadata, kept for unknown ones
  friend bool operator==(const Transform&, const Transform&) = default;
};

Transform parse_transform(std::string_view text);
std::string to_string(const Transform& transform);
// The type of the transform's results for a source of this type.
TypePtr result_type(const Transform& transform, const TypePtr& source);
// Floors before 1970; bucket is murmur3 x86-32; nothing for an unknown or void transform.
std::optional<Value> apply(const Transform& transform, const Type& source, const Value& value);

struct PartitionField {
  FieldId source_id;
  FieldId field_id;  // from 1000
  std::string name;
  Transform transform;
  friend bool operator==(const PartitionField&, const PartitionField&) = default;
};

struct PartitionSpec {
  SpecId id;
  std::vector<PartitionField> fields;
  friend bool operator==(const PartitionSpec&, const PartitionSpec&) = default;
};

// One value per field of the spec, in its order; nothing = null.
using PartitionTuple = std::vector<std::optional<Value>>;

// Whether it says nothing of a file: no fields, or all of them dropped (Java's word for both).
bool is_unpartitioned(const PartitionSpec& spec);

// The order of values of one type, nulls first, and of the partitions of one spec.
struct PartitionValueLess {
  bool operator()(const std::optional<Value>& a, const std::optional<Value>& b) const;
};
struct PartitionTupleLess {
  bool operator()(const PartitionTuple& a, const PartitionTuple& b) const;
};
// Bytes that two partitions have in common exactly if spec and values are the same, null included.
std::string partition_key(SpecId spec, const PartitionTuple& tuple);

// "trade_time_hour=2024-08-08-23": the folder of a partition, as Java names it; "" if
// unpartitioned.
std::string partition_path(const Schema& schema, const PartitionSpec& spec,
                           const PartitionTuple& tuple);

struct SortField {
  FieldId source_id;
  Transform transform;
  bool ascending = true;
  bool nulls_first = true;
  friend bool operator==(const SortField&, const SortField&) = default;
};

struct SortOrder {
  SortOrderId id;  // 0 = unsorted
  std::vector<SortField> fields;
  friend bool operator==(const SortOrder&, const SortOrder&) = default;
};

}  // namespace tradelake::iceberg
