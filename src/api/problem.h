// What went wrong with a request, as RFC 9457 problem details.
//
// Threads: values and functions.
#pragma once

#include <expected>
#include <string>

#include <fmt/format.h>

#include "api/http.h"
#include "core/error.h"

namespace tradelake::api {

struct Problem {
  int status = 400;
  std::string detail;  // the thing, its value and what is allowed
};

template <class T>
using Answer = std::expected<T, Problem>;

template <class... Args>
[[nodiscard]] std::unexpected<Problem> bad_request(fmt::format_string<Args...> format,
                                                   Args&&... args) {
  return std::unexpected(Problem{400, fmt::format(format, std::forward<Args>(args)...)});
}

// An error of the lake: 503 if trying again may help, else 500.
Problem to_problem(const Error& error);

Response to_response(const Problem& problem);

// "Not Found"; "Error" for a status we do not use.
std::string reason_phrase(int status);

// What a request contained, for a message: cut to a readable length.
std::string shown(std::string_view value);

}  // namespace tradelake::api
