// Addresses of the form scheme://user@host:port/path, as far as everybody has to know them.
//
// Threads: functions. Does not: resolve or connect.
#pragma once

#include <string_view>

namespace tradelake {

// scheme://user:secret@host, or password= among its parameters: such an address must not be stored,
// shown or logged.
bool has_password(std::string_view address);

}  // namespace tradelake
