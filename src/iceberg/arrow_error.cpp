#include "iceberg/arrow_error.h"

#include <arrow/status.h>

namespace tradelake::iceberg {

namespace {

Errc to_code(const arrow::Status& status) {
  switch (status.code()) {
    case arrow::StatusCode::IOError:
    case arrow::StatusCode::OutOfMemory:
      return Errc::io;
    case arrow::StatusCode::NotImplemented:
      return Errc::unsupported;
    case arrow::StatusCode::Cancelled:
      return Errc::cancelled;
    default:
      return Errc::corrupt;
  }
}

}  // namespace

Error to_error(const arrow::Status& status, std::string_view doing) {
  return Error{to_code(status), fmt::format("{}: {}", doing, status.message())};
}

Result<> checked(const arrow::Status& status, std::string_view doing) {
  if (!status.ok()) return std::unexpected(to_error(status, doing));
  return {};
}

}  // namespace tradelake::iceberg
