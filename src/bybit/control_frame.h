// What a client says to the exchange and what the exchange answers, apart from market data.
//
// Control frames have `op`, `success` or `ret_msg`, and no `topic`. Their shapes differ per
// category: options answer a ping with op "pong" and an acknowledgement with lists of topics and
// no req_id; the others answer with ret_msg and the request's req_id.
//
// Threads: pure functions. Does not: keep state (subscription.h does).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tradelake::bybit {

std::string ping_request(std::string_view req_id);
std::string subscribe_request(std::string_view req_id, std::span<const std::string> topics);

enum class ControlKind {
  pong,
  subscribed,  // the answer to a subscribe request, whether it succeeded or not
  other,       // an error that belongs to no request, the answer to an unsubscribe request
};

struct ControlFrame {
  ControlKind kind = ControlKind::other;
  bool success = false;
  std::string req_id;  // empty on options, and wherever the exchange does not echo it
  std::string ret_msg;
  std::vector<std::string> success_topics;  // options only
  std::vector<std::string> fail_topics;     // options only
};

// Nothing for market data, for what is not JSON and for whatever else the log has to judge: a frame
// is only taken out of the stream if it certainly is a control frame. Costs next to nothing for
// market data, which names its topic near the beginning.
std::optional<ControlFrame> parse_control_frame(std::string_view text);

// Which topics a refusal names, and whether it means that they are active already.
struct Refusal {
  bool already_subscribed = false;
  std::vector<std::string> topics;
};

// "error:handler not found,topic:publicTrade.X", "Invalid symbol :[publicTrade.X]".
Refusal parse_refusal(std::string_view ret_msg);

}  // namespace tradelake::bybit
