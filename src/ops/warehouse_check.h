// The warehouse: a small object is written, read back and removed, as the pipelines and maintenance
// will.
//
// Threads: functions; an S3 library has been started before (iceberg/s3_connection.h). Invariant:
// the object's name is one of ours that nobody else can have.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/lake_addresses.h"
#include "iceberg/file_io.h"
#include "iceberg/s3_access.h"
#include "ops/check.h"
#include "ops/clock_check.h"

namespace tradelake::ops {

struct WarehouseLook {
  std::vector<Check> checks;
  std::shared_ptr<iceberg::FileIo> io = nullptr;  // null: it cannot be read, or is not there
};

// `s3` is what the environment says, of a warehouse in S3.
WarehouseLook look_at_warehouse(const LakeAddresses& lake, const Result<iceberg::S3Access>& s3);

// The S3 server's clock, from an answer to nobody in particular. Nothing if it does not tell.
std::optional<ClockReading> s3_clock(const iceberg::S3Access& s3);

}  // namespace tradelake::ops
