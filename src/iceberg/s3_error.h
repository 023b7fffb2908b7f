// What Arrow's S3 file system says went wrong, as an error of ours.
//
// Arrow gives one kind of status for everything a server answers, with the server's code in its
// text ("… AWS Error SLOW_DOWN during PutObject operation: …"), which is what is looked at here.
// Threads: functions. Does not: retry.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace arrow {
class Status;
}

namespace tradelake::iceberg {

// `doing` says what was attempted and names the file; `server` is S3Access::shown(). Codes:
// not_found, unavailable (away, overloaded, too slow), io (refused: says what to look at).
Error to_s3_error(const arrow::Status& status, std::string_view doing, std::string_view server);

}  // namespace tradelake::iceberg
