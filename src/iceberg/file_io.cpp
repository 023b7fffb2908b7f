#include "iceberg/file_io.h"

namespace tradelake::iceberg {

Result<> FileIo::write_all(const std::vector<NewFile>& files) {
  for (const auto& file : files) TL_TRY(write_new(file.uri, file.bytes));
  return {};
}

Result<> FileIo::remove_all(const std::vector<std::string>& uris) {
  Result<> all;
  for (const auto& uri : uris) {
    auto done = remove(uri);
    if (!done && all) all = std::move(done);
  }
  return all;
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> FileIo::open_sized(std::string_view uri,
                                                                        std::int64_t) {
  return open(uri);
}

}  // namespace tradelake::iceberg
