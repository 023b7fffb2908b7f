// A stored object as a file to read: what Arrow's is, less its trust in short answers.
//
// Arrow takes an answer that is too short for a whole one. Here a range is the range that was asked
// for, or an error, with our codes (to_error() gives them back): unavailable, not_found, io;
// corrupt when the stored object is shorter than on record or its checksum is wrong, twice.
// Threads: ReadAt() from any; a position has one user. Does not: read ahead or keep bytes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/error.h"

namespace arrow {
class Status;
}
namespace arrow::io {
class RandomAccessFile;
}

namespace tradelake::iceberg {

// `file` is as long as its GetSize() says; `look` asks the server about the object anew; `doing`
// and `server` are for errors.
Result<std::shared_ptr<arrow::io::RandomAccessFile>> whole_ranges(
    std::shared_ptr<arrow::io::RandomAccessFile> file, std::function<arrow::Status()> look,
    std::string doing, std::string server);

}  // namespace tradelake::iceberg
