#include "core/address.h"

namespace tradelake {

bool has_password(std::string_view address) {
  const auto scheme = address.find("://");
  if (scheme == std::string_view::npos) return false;
  const auto begin = scheme + 3;
  const auto authority = address.substr(begin, address.find_first_of("/?", begin) - begin);
  const auto at = authority.rfind('@');
  return (at != std::string_view::npos && authority.substr(0, at).contains(':')) ||
         address.contains("password=");
}

}  // namespace tradelake
