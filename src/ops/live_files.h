// The live data files of a table's head, by partition: what retention and compaction decide on.
//
// Threads: functions. Invariant: partitions are told apart by spec and value, as Iceberg does.
// Does not: read data files; tell of delete files.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "iceberg/file_io.h"
#include "iceberg/manifest.h"
#include "iceberg/table_metadata.h"

namespace tradelake::ops {

struct LivePartition {
  iceberg::SpecId spec_id;
  iceberg::PartitionTuple values;
  std::vector<iceberg::ManifestEntry> files;  // in the order of their commits
  std::int64_t bytes() const;
  std::int64_t rows() const;
};

// In ascending order of spec and values. Errors: those of reading manifests.
Result<std::vector<LivePartition>> live_files(const iceberg::TableMetadata& metadata,
                                              iceberg::FileIo& io);

// The column that the default spec cuts time by (year, month, day or hour); nothing if there is
// none.
std::optional<iceberg::FieldId> time_column(const iceberg::TableMetadata& metadata);

// The greatest value of the column over all files, by their bounds; nothing if no file has one.
std::optional<std::int64_t> greatest_time_us(const std::vector<LivePartition>& partitions,
                                             iceberg::FieldId column);

// The first microsecond after what the partition can hold; nothing if it has no such end.
std::optional<std::int64_t> end_us(const iceberg::TableMetadata& metadata,
                                   const LivePartition& partition);

}  // namespace tradelake::ops
