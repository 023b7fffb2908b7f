// The warehouse: immutable files under full URIs. The one door to storage for everything in
// iceberg/, with a fault-injecting twin for the tests.
//
// Threads: all calls may come from any thread.
// Invariant: a file that write_new() reported as written survives a power cut, whole.
// Does not: overwrite, append or rename what exists; trust a listing for correctness.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace arrow::io {
class RandomAccessFile;
}

namespace tradelake::iceberg {

struct FileStatus {
  std::string uri;
  std::int64_t size_bytes = 0;
  std::int64_t modified_us = 0;  // UTC, microseconds since the epoch
};

struct NewFile {
  std::string uri;
  std::string bytes;
};

class FileIo {
 public:
  virtual ~FileIo() = default;
  // Errors: not_found, io, unavailable.
  virtual Result<std::string> read(std::string_view uri) = 0;
  virtual Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(std::string_view uri) = 0;
  // Writes a file that did not exist, durably. Errors: already_exists, io (disk full names itself).
  virtual Result<> write_new(std::string_view uri, std::string_view bytes) = 0;
  // write_new() for several files that need no order among themselves: when it returns, all of them
  // are durable; after an error any of them may exist. One by one unless the storage knows better.
  virtual Result<> write_all(const std::vector<NewFile>& files);
  // A file that is already gone is fine.
  virtual Result<> remove(std::string_view uri) = 0;
  // Everything below the folder, recursively; nothing if there is no such folder.
  virtual Result<std::vector<FileStatus>> list(std::string_view prefix) = 0;
};

// Files under file:///DIR (URIs file:///…; a plain path is accepted and means the same).
Result<std::unique_ptr<FileIo>> make_local_file_io();

}  // namespace tradelake::iceberg
