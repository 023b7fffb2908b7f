// Ids that nobody else has: snapshot ids, uuids of tables, commits and files.
//
// Threads: any.
#pragma once

#include <string>

#include "iceberg/ids.h"

namespace tradelake::iceberg {

// A positive 64-bit number from the operating system's random source.
SnapshotId random_snapshot_id();

// A version 4 uuid: "0e91…-….", 36 characters.
std::string random_uuid();

}  // namespace tradelake::iceberg
