// The exchange's side of one public WebSocket: answers requests in the shapes of its category and
// keeps its limits. What it refuses it refuses as the real one does: the whole request on spot,
// linear and inverse, topic by topic on options.
//
// Threads: one owner. No I/O. Does not: send market data; it only knows who wants which.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bybit/category.h"

namespace tradelake::feed {

class ExchangeSide {
 public:
  using TopicExists = std::function<bool(std::string_view topic)>;

  ExchangeSide(bybit::Category category, std::string conn_id, TopicExists exists);

  struct Answer {
    std::string text;
    std::vector<std::string> added;    // topics that deliver from here on
    std::vector<std::string> removed;  // and those that do not any more
  };
  Answer answer(std::string_view request, std::int64_t now_ms);

  bool subscribed(std::string_view topic) const { return topics_.contains(topic); }
  std::size_t topics() const { return topics_.size(); }

 private:
  struct Request;
  Answer subscribe(const Request& request);
  Answer unsubscribe(const Request& request);
  Answer option_answer(const Request& request, bool add);
  std::string refusal(const Request& request) const;
  std::string pong(const Request& request, std::int64_t now_ms) const;
  std::string reply(const Request& request, bool success, std::string_view ret_msg) const;
  void take(const Request& request, Answer& answer);

  bybit::Category category_;
  std::string conn_id_;
  TopicExists exists_;
  std::set<std::string, std::less<>> topics_;
  std::size_t args_chars_ = 0;
};

}  // namespace tradelake::feed
