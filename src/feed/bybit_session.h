// One connection's life with Bybit: connect, subscribe, ping, watch, and begin again.
//
// Threads: everything on the io_context's one thread, except status(), which is for any.
// Internal to src/feed: includes Boost.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "bybit/subscription.h"
#include "feed/bybit_source.h"
#include "feed/simulator/random.h"
#include "feed/ws_connection.h"

namespace tradelake::feed {

enum class SessionStream { trades, klines };

class BybitSession : private WsConnection::Listener {
 public:
  BybitSession(boost::asio::io_context& context, std::shared_ptr<boost::asio::ssl::context> tls,
               const BybitSourceOptions& options, FrameSink& sink, bybit::Category category,
               SessionStream stream, std::string name, std::vector<std::string> topics,
               std::uint64_t jitter_seed);

  void start() { connect(); }

  // Adds what this connection has to tell.
  void add_to(BybitSourceStatus& status) const;

 private:
  using Clock = std::chrono::steady_clock;

  void on_open() override;
  void on_frame(std::string_view text) override;
  void on_sign_of_life() override;
  void on_closed(std::string_view cause) override;

  void connect();
  void lost(std::string_view cause);
  void send_requests(Clock::time_point now);
  void watch();  // one turn of the timer: silence, ping, requests
  void on_control(const bybit::ControlFrame& frame);
  void tell(ConnectionChange change, std::string cause = {});
  void tell_alive();
  void publish_state();

  boost::asio::io_context& context_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  const BybitSourceOptions& options_;
  FrameSink& sink_;
  bybit::Category category_;
  const SessionStream stream_;
  std::string name_;
  std::vector<std::string> topics_;
  bybit::Subscription subscription_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<WsConnection> connection_;
  Random random_;  // jitter only

  Clock::time_point opened_{};
  Clock::time_point last_inbound_{};
  Clock::time_point next_ping_{};
  std::int64_t last_inbound_ns_ = 0;
  Clock::time_point next_alive_{};
  unsigned attempt_ = 0;
  std::uint64_t pings_ = 0;
  bool open_ = false;
  bool told_subscribed_ = false;

  std::atomic<std::uint64_t> frames_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> refused_by_sink_{0};
  std::atomic<std::int64_t> last_frame_ns_{0};
  struct Shown {
    bool connected = false;
    std::uint64_t reconnects = 0;
    std::size_t active = 0;
    std::string last_error;
    std::vector<bybit::RefusedTopic> refused;
  };
  mutable std::mutex mutex_;
  Shown shown_;
};

}  // namespace tradelake::feed
