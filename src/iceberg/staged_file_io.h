// Collects new files in memory, so that a transaction writes all of its metadata at once: on a disk
// with one wait for the folder, on an object store in parallel.
//
// Threads: one at a time. Does not: write anything by itself; the owner passes files() on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "iceberg/file_io.h"

namespace tradelake::iceberg {

class StagedFileIo final : public FileIo {
 public:
  explicit StagedFileIo(FileIo& storage) : storage_(storage) {}

  const std::vector<NewFile>& files() const { return files_; }

  Result<std::string> read(std::string_view uri) override;
  Result<> write_new(std::string_view uri, std::string_view bytes) override;
  // These see what is stored only: data files are never staged.
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(std::string_view uri) override;
  Result<> remove(std::string_view uri) override;
  Result<std::vector<FileStatus>> list(std::string_view prefix) override;

 private:
  FileIo& storage_;
  std::vector<NewFile> files_;
};

}  // namespace tradelake::iceberg
