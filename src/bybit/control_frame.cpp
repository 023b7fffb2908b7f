#include "bybit/control_frame.h"

#include <simdjson.h>

#include "core/text.h"

namespace tradelake::bybit {
namespace {

using simdjson::dom::element;

std::string string_at(const simdjson::dom::object& object, std::string_view key) {
  std::string_view value;
  return object[key].get_string().get(value) ? std::string() : std::string(value);
}

std::vector<std::string> strings_at(const element& parent, std::string_view key) {
  std::vector<std::string> values;
  simdjson::dom::array array;
  if (parent[key].get_array().get(array)) return values;
  for (const element item : array) {
    std::string_view value;
    if (!item.get_string().get(value)) values.emplace_back(value);
  }
  return values;
}

bool has(const simdjson::dom::object& object, std::string_view key) {
  return object[key].error() == simdjson::SUCCESS;
}

}  // namespace

std::string ping_request(std::string_view req_id) {
  std::string text = R"({"req_id":")";
  text += req_id;
  text += R"(","op":"ping"})";
  return text;
}

std::string subscribe_request(std::string_view req_id, std::span<const std::string> topics) {
  std::string text = R"({"req_id":")";
  text += req_id;
  text += R"(","op":"subscribe","args":[)";
  for (std::size_t i = 0; i < topics.size(); ++i) {
    if (i > 0) text += ',';
    text += '"';
    text += topics[i];
    text += '"';
  }
  text += "]}";
  return text;
}

std::optional<ControlFrame> parse_control_frame(std::string_view text) {
  // Most frames end here: the topic is their first or second key. Inside a message text the quotes
  // would be escaped, so a refusal that names a topic does not match.
  if (text.find("\"topic\"") != std::string_view::npos) return std::nullopt;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(text.data(), text.size()).get_object().get(object)) return std::nullopt;
  if (has(object, "topic")) return std::nullopt;  // its key written with escapes
  const bool has_success = has(object, "success");
  if (!has_success && !has(object, "op") && !has(object, "ret_msg")) return std::nullopt;

  ControlFrame frame;
  frame.req_id = string_at(object, "req_id");
  frame.ret_msg = string_at(object, "ret_msg");
  if (bool success = false; !object["success"].get_bool().get(success)) frame.success = success;
  const auto op = string_at(object, "op");
  if (frame.ret_msg == "pong" || op == "pong") {
    frame.kind = ControlKind::pong;
  } else if (string_at(object, "type") == "COMMAND_RESP") {
    frame.kind = ControlKind::subscribed;
    element data;
    if (!object["data"].get(data)) {
      frame.success_topics = strings_at(data, "successTopics");
      frame.fail_topics = strings_at(data, "failTopics");
    }
  } else if (op == "subscribe" && has_success) {
    frame.kind = ControlKind::subscribed;
  }
  return frame;
}

Refusal parse_refusal(std::string_view ret_msg) {
  Refusal refusal;
  refusal.already_subscribed = ret_msg.find("already subscribed") != std::string_view::npos;
  std::string_view names;
  constexpr std::string_view marker = "topic:";
  if (const auto at = ret_msg.rfind(marker); at != std::string_view::npos) {
    names = ret_msg.substr(at + marker.size());
  } else if (const auto open = ret_msg.find('['); open != std::string_view::npos) {
    const auto close = ret_msg.find(']', open);
    if (close != std::string_view::npos) names = ret_msg.substr(open + 1, close - open - 1);
  }
  for (std::size_t begin = 0; begin < names.size();) {
    const auto end = std::min(names.find(',', begin), names.size());
    const auto name = trimmed(names.substr(begin, end - begin));
    if (!name.empty()) refusal.topics.emplace_back(name);
    begin = end + 1;
  }
  return refusal;
}

}  // namespace tradelake::bybit
