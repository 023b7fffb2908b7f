// What the exchange allows on one public connection, per category.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bybit/category.h"

namespace tradelake::bybit {

struct SubscriptionLimits {
  std::size_t topics_per_request;
  std::size_t topics_per_connection;
  std::size_t requests_in_flight;  // ours; 1 where answers do not say which request they belong to
};

// Of all `args` of a connection together.
inline constexpr std::size_t args_chars_per_connection = 21'000;

constexpr SubscriptionLimits limits_of(Category category) {
  switch (category) {
    case Category::spot:
      return {10, 10'000, 8};
    case Category::option:
      return {100, 2'000, 1};
    default:  // the exchange sets no number here, but closes the socket on huge requests
      return {100, 10'000, 4};
  }
}

// What a topic takes of args_chars_per_connection: its text, two quotes and a comma.
constexpr std::size_t args_chars_of(std::string_view topic) {
  return topic.size() + 3;
}

// Topics in their order, cut so that each part fits one connection.
std::vector<std::vector<std::string>> split_by_connection(Category category,
                                                          std::vector<std::string> topics);

}  // namespace tradelake::bybit
