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
  // open() of a file whose size is on record: saves a request where asking for it is one.
  virtual Result<std::shared_ptr<arrow::io::RandomAccessFile>> open_sized(std::string_view uri,
                                                                          std::int64_t size_bytes);
  // Writes a file that did not exist, durably. Errors: already_exists, io (disk full names itself).
  virtual Result<> write_new(std::string_view uri, std::string_view bytes) = 0;
  // write_new() for several files that need no order among themselves: when it returns, all of them
  // are durable; after an error any of them may exist. One by one unless the storage knows better.
  virtual Result<> write_all(const std::vector<NewFile>& files);
  // A file that is already gone is fine.
  virtual Result<> remove(std::string_view uri) = 0;
  // remove() for several files; stops at nothing, tells the first error.
  virtual Result<> remove_all(const std::vector<std::string>& uris);
  // Everything below the folder, recursively; nothing if there is no such folder.
  virtual Result<std::vector<FileStatus>> list(std::string_view prefix) = 0;
};

// Files under file:///DIR (URIs file:///…; a plain path is accepted and means the same).
Result<std::unique_ptr<FileIo>> make_local_file_io();

struct S3Access;

// Objects under s3://BUCKET/KEY, after a look whether the server answers and the warehouse's bucket
// is there. Before other threads start. Errors: invalid_argument, io (refused; says what to check),
// unavailable.
Result<std::unique_ptr<FileIo>> make_s3_file_io(const S3Access& access,
                                                std::string_view warehouse_uri);

}  // namespace tradelake::iceberg
