#include "iceberg/arrow_error.h"

#include <arrow/status.h>

namespace tradelake::iceberg {

namespace {

class OurCode final : public arrow::StatusDetail {
 public:
  explicit OurCode(Errc code) : code_(code) {}
  const char* type_id() const override { return id; }
  std::string ToString() const override { return std::string(to_string(code_)); }
  Errc code() const { return code_; }

  static constexpr const char* id = "tradelake::Errc";

 private:
  Errc code_;
};

Errc to_code(const arrow::Status& status) {
  if (const auto& detail = status.detail();
      detail != nullptr && std::string_view(detail->type_id()) == OurCode::id) {
    return static_cast<const OurCode&>(*detail).code();
  }
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

arrow::Status to_status(const Error& error) {
  return {arrow::StatusCode::IOError, error.message, std::make_shared<OurCode>(error.code)};
}

Result<> checked(const arrow::Status& status, std::string_view doing) {
  if (!status.ok()) return std::unexpected(to_error(status, doing));
  return {};
}

}  // namespace tradelake::iceberg
