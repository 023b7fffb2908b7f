// Arrow's S3 file system: its library started once and ended in order, a client with our time-outs
// and retries.
//
// Threads: connect_s3() before other threads start, as it sets a variable of the environment; the
// file system from any thread. Invariant: a server that does not answer is given up after about 20
// s; one that trickles, when it has sent less than a byte per second for 10 s. Does not: know files
// or tables.
#pragma once

#include <memory>

#include "core/error.h"
#include "iceberg/s3_access.h"

namespace arrow::fs {
class FileSystem;
}

namespace tradelake::iceberg {

// Path-style addresses for servers other than Amazon's. Sends no request yet.
Result<std::shared_ptr<arrow::fs::FileSystem>> connect_s3(const S3Access& access);

// Before main() returns; the process would crash afterwards, when the library's globals have gone.
// Nothing if it was never started. No warehouse in S3 can be used, or opened, from then on.
void end_s3();

}  // namespace tradelake::iceberg
