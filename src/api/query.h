// The query of a request: decoded, typed, and refused with a message that says what is allowed.
//
// Threads: values. Does not: know which parameters a route has; the route names them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/problem.h"
#include "bybit/category.h"

namespace tradelake::api {

// %XX and '+' of a query undone; nothing if a % is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

class Query {
 public:
  // Refused: bad escapes, a parameter given twice.
  static Answer<Query> parse(std::string_view text);

  // Refused: a parameter that is none of these, since a misspelled one would be ignored in silence.
  Answer<void> only(std::initializer_list<std::string_view> names) const;

  // An empty value counts as absent.
  std::optional<std::string_view> find(std::string_view name) const;
  Answer<std::string_view> required(std::string_view name) const;
  Answer<std::optional<std::int64_t>> integer(std::string_view name, std::int64_t least,
                                              std::int64_t greatest) const;
  // Milliseconds since the epoch, as microseconds.
  Answer<std::optional<std::int64_t>> time_us(std::string_view name) const;
  // One of the words; the first if absent.
  Answer<std::string_view> one_of(std::string_view name,
                                  std::initializer_list<std::string_view> words) const;
  Answer<bybit::Category> category(std::optional<bybit::Category> if_absent = {}) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace tradelake::api
