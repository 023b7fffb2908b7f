#include "iceberg/staged_file_io.h"

#include <algorithm>

namespace tradelake::iceberg {

Result<std::string> StagedFileIo::read(std::string_view uri) {
  const auto staged = std::ranges::find(files_, uri, &NewFile::uri);
  if (staged != files_.end()) return staged->bytes;
  return storage_.read(uri);
}

Result<> StagedFileIo::write_new(std::string_view uri, std::string_view bytes) {
  files_.push_back({std::string(uri), std::string(bytes)});
  return {};
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> StagedFileIo::open(std::string_view uri) {
  return storage_.open(uri);
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> StagedFileIo::open_sized(
    std::string_view uri, std::int64_t size_bytes) {
  return storage_.open_sized(uri, size_bytes);
}

Result<> StagedFileIo::remove(std::string_view uri) {
  return storage_.remove(uri);
}

Result<std::vector<FileStatus>> StagedFileIo::list(std::string_view prefix) {
  return storage_.list(prefix);
}

}  // namespace tradelake::iceberg
