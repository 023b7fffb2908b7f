// Errors as values, with a closed set of codes that say what the caller may do.
//
// Threads: values, no shared state.
// Does not: carry secrets. Whoever makes an Error leaves passwords and connection strings out.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace tradelake {

enum class Errc {
  invalid_argument,  // the request or configuration is wrong: tell the user, do not retry (exit 2)
  not_found,         // the named thing does not exist: create it or tell the user
  already_exists,    // somebody made it first: load it instead
  conflict,          // another writer moved the head: refresh, re-apply, retry
  fenced,            // another writer owns what we own: stop at once, changed nothing (exit 3)
  unknown_outcome,   // the effect may or may not have happened: resolve before anything else
  unavailable,       // the other side is away or overloaded: retry with back-off
  io,                // the disk or the operating system refused: tell the user; retry if transient
  corrupt,           // stored bytes are damaged: stop, keep everything, point to the repair
  unsupported,       // valid, but not something this version does: tell the user
  cancelled,         // we were asked to stop
};

std::string_view to_string(Errc code);

struct Error {
  Errc code;
  std::string message;
};

template <class T = void>
using Result = std::expected<T, Error>;

// make_error(Errc::io, "cannot write {}: {}", path, reason)
template <class... Args>
[[nodiscard]] std::unexpected<Error> make_error(Errc code, fmt::format_string<Args...> format,
                                                Args&&... args) {
  return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

// Adds what was being done in front of an error's message; the code stays.
[[nodiscard]] inline std::unexpected<Error> in_context(Error error, std::string_view doing) {
  error.message = fmt::format("{}: {}", doing, error.message);
  return std::unexpected(std::move(error));
}

}  // namespace tradelake

// Leaves the function with the error of `expression`, a Result.
#define TL_TRY(expression)                                  \
  do {                                                      \
    if (auto tl_result = (expression); !tl_result)          \
      return std::unexpected(std::move(tl_result).error()); \
  } while (false)

#define TL_CONCAT_(a, b) a##b
#define TL_CONCAT(a, b) TL_CONCAT_(a, b)
// TL_ASSIGN(auto x, f()): x is the value of f(), or the function returns f()'s error.
#define TL_ASSIGN_IMPL_(temporary, declaration, expression)             \
  auto temporary = (expression);                                        \
  if (!temporary) return std::unexpected(std::move(temporary).error()); \
  declaration = *std::move(temporary)
#define TL_ASSIGN(declaration, expression) \
  TL_ASSIGN_IMPL_(TL_CONCAT(tl_assign_, __LINE__), declaration, expression)
