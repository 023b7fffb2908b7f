#include "iceberg/file_io.h"

namespace tradelake::iceberg {

Result<> FileIo::write_all(const std::vector<NewFile>& files) {
  for (const auto& file : files) TL_TRY(write_new(file.uri, file.bytes));
  return {};
}

}  // namespace tradelake::iceberg
