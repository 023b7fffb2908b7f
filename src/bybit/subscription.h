// The subscriptions of one connection as a state machine: which topics are wanted, asked for,
// active or refused, and which request to send next.
//
// One bad topic makes the exchange refuse the whole request, silently for the others. So a refused
// topic is taken out and the rest is asked for again; where the refusal names no topic the batch is
// halved until the bad one stands alone. A refused topic is tried again later, in a request of its
// own, so that it cannot take others with it.
//
// Threads: one owner. No I/O and no clock: whoever owns it sends the requests and tells the time.
// Invariants: a topic is in one state only; an active one is not asked for again before reset(); a
// request keeps the exchange's limits.
// Does not: split topics over connections (limits.h) or notice a dead socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bybit/category.h"
#include "bybit/control_frame.h"
#include "bybit/limits.h"

namespace tradelake::bybit {

struct SubscriptionTimes {
  std::chrono::milliseconds ack_timeout{10'000};       // then the request counts as lost
  std::chrono::milliseconds retry_unexplained{5'000};  // doubled each time, up to retry_refused
  std::chrono::milliseconds retry_refused{600'000};    // a market may open later
};

enum class TopicState : std::uint8_t { wanted, requested, active, refused };

struct RefusedTopic {
  std::string topic;
  std::string reason;
};

class Subscription {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Request {
    std::string req_id;
    std::string text;
    std::size_t topics = 0;
  };

  Subscription(Category category, std::vector<std::string> topics, SubscriptionTimes times = {});

  // A new connection: nothing is active, nothing in flight. What was refused stays so until its
  // time.
  void reset();

  // What to send now, if anything; to be called until it gives nothing.
  std::optional<Request> next_request(Time now);

  // The answer to a request; others are ignored.
  void on_ack(const ControlFrame& ack, Time now);

  // When next_request() may have something new without an answer coming in.
  std::optional<Time> next_time() const;

  // Nothing more to ask for at present: each topic is active or refused.
  bool settled() const { return wanted_ == 0 && in_flight_.empty(); }
  std::size_t active() const { return active_; }
  std::size_t size() const { return topics_.size(); }
  std::vector<RefusedTopic> refused() const;
  TopicState state_of(std::string_view topic) const;  // of one that was given to the constructor

 private:
  using Index = std::uint32_t;

  struct Entry {
    std::string topic;
    TopicState state = TopicState::wanted;
    std::string reason;
    unsigned strikes = 0;  // refusals without an explanation
    Time retry_at{};
  };
  struct Batch {
    std::string req_id;
    std::vector<Index> topics;
    Time deadline{};
  };
  using Batches = std::deque<Batch>;

  void set_state(Index index, TopicState state);
  void want_again(std::vector<Index> group);
  void refuse(Index index, std::string_view reason, Time retry_at);
  void expire(Time now);
  std::vector<Index> next_batch(Time now);
  Batches::iterator batch_of(const ControlFrame& ack, const Refusal& refusal);
  void on_topic_lists(const ControlFrame& ack, Time now);
  void on_refusal(Batch batch, const ControlFrame& ack, const Refusal& refusal, Time now);

  SubscriptionLimits limits_;
  SubscriptionTimes times_;
  std::vector<Entry> topics_;
  std::unordered_map<std::string, Index> index_;
  std::deque<std::vector<Index>> groups_;  // wanted topics; a request never spans two groups
  Batches in_flight_;
  std::size_t wanted_ = 0;
  std::size_t active_ = 0;
  std::uint64_t last_req_id_ = 0;
};

}  // namespace tradelake::bybit
