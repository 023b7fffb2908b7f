#include "core/address.h"

namespace tradelake {

namespace {

// In any of the forms that libpq takes: `?password=`, `sslpassword=`, `password = `.
bool has_password_parameter(std::string_view address) {
  constexpr std::string_view name = "password";
  for (auto at = address.find(name); at != std::string_view::npos; at = address.find(name, at)) {
    at += name.size();
    const auto next = address.find_first_not_of(' ', at);
    if (next != std::string_view::npos && address[next] == '=') return true;
  }
  return false;
}

}  // namespace

bool has_password(std::string_view address) {
  if (has_password_parameter(address)) return true;
  const auto scheme = address.find("://");
  if (scheme == std::string_view::npos) return false;
  const auto begin = scheme + 3;
  const auto authority = address.substr(begin, address.find_first_of("/?", begin) - begin);
  const auto at = authority.rfind('@');
  return at != std::string_view::npos && authority.substr(0, at).contains(':');
}

}  // namespace tradelake
