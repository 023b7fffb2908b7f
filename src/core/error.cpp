#include "core/error.h"

namespace tradelake {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::invalid_argument:
      return "invalid_argument";
    case Errc::not_found:
      return "not_found";
    case Errc::already_exists:
      return "already_exists";
    case Errc::conflict:
      return "conflict";
    case Errc::fenced:
      return "fenced";
    case Errc::unknown_outcome:
      return "unknown_outcome";
    case Errc::unavailable:
      return "unavailable";
    case Errc::io:
      return "io";
    case Errc::corrupt:
      return "corrupt";
    case Errc::unsupported:
      return "unsupported";
    case Errc::cancelled:
      return "cancelled";
  }
  return "unknown";
}

}  // namespace tradelake
