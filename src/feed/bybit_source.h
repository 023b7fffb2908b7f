// Public trades of a set of markets, live, over as many WebSockets as the exchange's limits ask
// for; and, if wanted, the exchange's own candles over others. Nothing that becomes of these others
// is told of the trades: not to the observer, not in the counts of the status.
//
// Each connection subscribes in batches, pings, notices silence, and after any end connects again
// with back-off and subscribes anew. Market data goes to the sink as received; answers of the
// exchange are consumed.
//
// Threads: one of its own for all sockets, where the sink and the observer are called; start(),
// stop() and status() from anywhere. Invariant: reading a socket never waits for anything behind
// it. Does not: find out what "*" means (instruments.h), fill gaps, or deduplicate: the exchange
// has no replay, so what it sends while nobody is connected is told to the observer as a span of
// time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bybit/backoff.h"
#include "bybit/market.h"
#include "bybit/subscription.h"
#include "feed/endpoint.h"
#include "feed/frame.h"
#include "feed/tls.h"
#include "feed/ws_connection.h"

namespace tradelake::feed {

struct BybitTimes {
  std::chrono::milliseconds ping{20'000};
  std::chrono::milliseconds silence{45'000};  // without any inbound frame the socket is dead
  std::chrono::milliseconds healthy{10'000};  // a connection that lived so long resets the back-off
  bybit::BackoffPolicy backoff;
  bybit::SubscriptionTimes subscription;
};

enum class ConnectionChange { subscribed, alive, lost };

// A connection began to deliver all it can, or ended after it had; the two alternate. In between it
// is told, about once a second, as long as something comes in. What was traded between
// `last_inbound_ns` of a loss and `at_ns` of the next `subscribed` did not arrive on it.
struct ConnectionEvent {
  ConnectionChange change{};
  std::string conn;
  bybit::Category category{};
  std::int64_t at_ns = 0;
  std::int64_t last_inbound_ns = 0;  // 0: nothing came yet
  std::string cause;                 // of a loss
  std::vector<std::string> topics;   // of subscribed: all of them, refused ones included
};

struct BybitSourceOptions {
  Endpoint websocket;
  std::vector<bybit::Market> markets;  // without "*"
  bool klines = false;                 // 1m candles, too, on connections of their own
  TlsTrust trust;
  BybitTimes times;
  WsOptions ws;
  std::uint64_t jitter_seed = 0;  // 0: from the clock
  std::function<void(const ConnectionEvent&)> observer;
};

struct RefusedMarket {
  bybit::Category category{};
  std::string topic;
  std::string reason;
};

struct BybitSourceStatus {
  // Of trades, but for frames, bytes, refused_by_sink and reconnects, which are of both.
  std::size_t connections = 0;  // wanted
  std::size_t connected = 0;
  std::size_t topics = 0;
  std::size_t active_topics = 0;
  std::uint64_t reconnects = 0;
  std::uint64_t frames = 0;  // of market data, given to the sink
  std::uint64_t bytes = 0;
  std::uint64_t refused_by_sink = 0;  // frames lost because the sink was full
  std::int64_t last_frame_ns = 0;
  std::string last_error;
  std::vector<RefusedMarket> refused;
  std::size_t kline_topics = 0, active_kline_topics = 0;
};

class BybitSource {
 public:
  explicit BybitSource(BybitSourceOptions options);
  ~BybitSource();  // stops
  BybitSource(const BybitSource&) = delete;
  BybitSource& operator=(const BybitSource&) = delete;

  // Returns at once; the exchange being away is no error but tried for ever. Once only.
  Result<> start(FrameSink& sink);

  // Afterwards neither sink nor observer is called any more. Idempotent.
  void stop();

  BybitSourceStatus status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tradelake::feed
