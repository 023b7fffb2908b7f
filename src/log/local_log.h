// The log in one SQLite file: the embedded twin of Kafka.
//
// Rows are record batches (one per append and partition), compressed. WAL with synchronous=FULL:
// append() returns after an fsync. Readers have connections of their own and wait for a signal of
// writers in the same process, or look again after 50 ms for those of others.
// Does not: stop two writing processes; the data directory's lock does.
#pragma once

#include <memory>
#include <string>

#include "log/log.h"

namespace tradelake::log {

// Opens or makes the file. Errors: io, corrupt (a damaged or foreign file, named with what to do).
Result<std::unique_ptr<Log>> open_local_log(const std::string& path);

}  // namespace tradelake::log
