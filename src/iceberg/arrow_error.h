// Arrow's Status and Result as ours.
//
// Threads: functions without state.
// Does not: decide on retries; what Arrow calls an IOError is `io`, everything else about stored
// bytes is `corrupt`, unless it began as an error of ours.
#pragma once

#include <string_view>
#include <utility>

#include "core/error.h"

namespace arrow {
class Status;
template <class T>
class Result;
}  // namespace arrow

namespace tradelake::iceberg {

// `doing` says what was attempted and names the file or column.
Error to_error(const arrow::Status& status, std::string_view doing);

Result<> checked(const arrow::Status& status, std::string_view doing);

// An error of ours for Arrow's readers to pass on; to_error() gives back its code.
arrow::Status to_status(const Error& error);

template <class T>
Result<T> checked(arrow::Result<T> result, std::string_view doing) {
  if (!result.ok()) return std::unexpected(to_error(result.status(), doing));
  return std::move(result).ValueUnsafe();
}

}  // namespace tradelake::iceberg
