// Collects new files in memory, so that a transaction writes all of them at once: on a disk with
// one wait for each folder, on an object store in parallel.
//
// Threads: one at a time. Does not: write anything by itself; the owner passes on what it takes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "iceberg/file_io.h"

namespace tradelake::iceberg {

class StagedFileIo final : public FileIo {
 public:
  explicit StagedFileIo(FileIo& storage) : storage_(storage) {}

  // What was written since the last take().
  std::vector<NewFile> take() { return std::exchange(files_, {}); }

  Result<std::string> read(std::string_view uri) override;
  Result<> write_new(std::string_view uri, std::string_view bytes) override;
  // These see what is stored only: nobody reads a data file before its commit.
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(std::string_view uri) override;
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> open_sized(std::string_view uri,
                                                                  std::int64_t size_bytes) override;
  Result<> remove(std::string_view uri) override;
  Result<std::vector<FileStatus>> list(std::string_view prefix) override;

 private:
  FileIo& storage_;
  std::vector<NewFile> files_;
};

}  // namespace tradelake::iceberg
