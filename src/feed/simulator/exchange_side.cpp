#include "feed/simulator/exchange_side.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include "bybit/limits.h"

namespace tradelake::feed {
namespace {

using bybit::Category;

constexpr std::size_t spot_args_per_request = 10;
constexpr std::size_t option_args_per_connection = 2'000;

std::string quoted(const std::vector<std::string>& topics) {
  std::vector<std::string> each;
  for (const auto& topic : topics) each.push_back('"' + topic + '"');
  return fmt::format("[{}]", fmt::join(each, ","));
}

// The text of an error comes from the client: it must not break the answer's own quoting.
std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text.substr(0, 200)) {
    if (c == '"' || c == '\\') safe += '\\';
    if (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f) safe += c;
  }
  return safe;
}

}  // namespace

struct ExchangeSide::Request {
  std::string op;
  std::string req_id;
  std::vector<std::string> args;
  bool good = false;

  static Request parse(std::string_view text) {
    Request request;
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    std::string_view value;
    if (parser.parse(text.data(), text.size()).get_object().get(object)) return request;
    if (object["op"].get_string().get(value)) return request;
    request.op = value;
    if (!object["req_id"].get_string().get(value)) request.req_id = escaped(value);
    simdjson::dom::array args;
    if (!object["args"].get_array().get(args)) {
      for (const simdjson::dom::element arg : args) {
        if (arg.get_string().get(value)) return request;
        request.args.push_back(escaped(value));
      }
    }
    request.good = true;
    return request;
  }
};

ExchangeSide::ExchangeSide(Category category, std::string conn_id, TopicExists exists)
    : category_(category), conn_id_(std::move(conn_id)), exists_(std::move(exists)) {}

std::string ExchangeSide::reply(const Request& request, bool success,
                                std::string_view ret_msg) const {
  return fmt::format(R"({{"success":{},"ret_msg":"{}","conn_id":"{}","req_id":"{}","op":"{}"}})",
                     success, ret_msg, conn_id_, request.req_id, request.op);
}

std::string ExchangeSide::pong(const Request& request, std::int64_t now_ms) const {
  if (category_ == Category::option) return fmt::format(R"({{"args":["{}"],"op":"pong"}})", now_ms);
  if (category_ == Category::spot) {
    return fmt::format(R"({{"success":true,"ret_msg":"pong","conn_id":"{}","op":"ping"}})",
                       conn_id_);
  }
  return fmt::format(
      R"({{"success":true,"ret_msg":"pong","conn_id":"{}","req_id":"{}","op":"ping"}})", conn_id_,
      request.req_id);
}

std::string ExchangeSide::refusal(const Request& request) const {
  const bool spot = category_ == Category::spot;
  if (spot && request.args.size() > spot_args_per_request) return "args size >10";
  std::size_t chars = args_chars_;
  std::set<std::string_view> seen;
  for (const auto& topic : request.args) {
    chars += bybit::args_chars_of(topic);
    if (!exists_(topic)) {
      return spot ? fmt::format("Invalid symbol :[{}]", topic)
                  : fmt::format("error:handler not found,topic:{}", topic);
    }
    if (topics_.contains(topic) || !seen.insert(topic).second) {
      return fmt::format("error:already subscribed,topic:{}", topic);
    }
  }
  return chars > bybit::args_chars_per_connection ? "error:args length exceeds 21000" : "";
}

void ExchangeSide::take(const Request& request, Answer& answer) {
  for (const auto& topic : request.args) {
    args_chars_ += bybit::args_chars_of(topic);
    topics_.insert(topic);
    answer.added.push_back(topic);
  }
}

ExchangeSide::Answer ExchangeSide::option_answer(const Request& request, bool add) {
  Answer answer;
  std::vector<std::string> good;
  std::vector<std::string> bad;
  for (const auto& topic : request.args) {
    const bool had = topics_.contains(topic);
    const bool room = topics_.size() < option_args_per_connection;
    if (add && !had && room && exists_(topic)) {
      topics_.insert(topic);
      answer.added.push_back(topic);
      good.push_back(topic);
    } else if (!add && had) {
      topics_.erase(topic);
      answer.removed.push_back(topic);
      good.push_back(topic);
    } else {
      bad.push_back(topic);
    }
  }
  answer.text = fmt::format(
      R"({{"success":{},"conn_id":"{}","data":{{"failTopics":{},"successTopics":{}}},"type":"COMMAND_RESP"}})",
      bad.empty(), conn_id_, quoted(bad), quoted(good));
  return answer;
}

ExchangeSide::Answer ExchangeSide::subscribe(const Request& request) {
  if (category_ == Category::option) return option_answer(request, true);
  Answer answer;
  if (const auto why = refusal(request); !why.empty()) {
    answer.text = reply(request, false, why);
    return answer;
  }
  take(request, answer);
  answer.text = reply(request, true, category_ == Category::spot ? "subscribe" : "");
  return answer;
}

ExchangeSide::Answer ExchangeSide::unsubscribe(const Request& request) {
  if (category_ == Category::option) return option_answer(request, false);
  Answer answer;
  for (const auto& topic : request.args) {
    if (topics_.erase(topic) == 0) continue;
    args_chars_ -= bybit::args_chars_of(topic);
    answer.removed.push_back(topic);
  }
  answer.text = reply(request, true, category_ == Category::spot ? "unsubscribe" : "");
  return answer;
}

ExchangeSide::Answer ExchangeSide::answer(std::string_view text, std::int64_t now_ms) {
  const auto request = Request::parse(text);
  if (request.good && request.op == "ping") return {pong(request, now_ms), {}, {}};
  if (request.good && request.op == "subscribe" && !request.args.empty()) return subscribe(request);
  if (request.good && request.op == "unsubscribe") return unsubscribe(request);
  Request unknown;
  return {reply(unknown, false, "Failed to decode incoming data:" + escaped(text)), {}, {}};
}

}  // namespace tradelake::feed
