// One client of the simulated exchange: its queue, its subscriptions, and how it ends.
//
// Threads: everything on the io_context's one thread. Invariants: each frame that was queued is
// told to the host exactly once, as completed or not; after end() only what is being written right
// now can still be completed, and it is delivered before the end. Internal to src/feed/simulator:
// the stream itself is in websocket_connection.h, which needs Boost.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "bybit/category.h"
#include "feed/simulator/exchange_side.h"
#include "feed/simulator/fault_plan.h"
#include "feed/simulator/frame_source.h"
#include "feed/simulator/rest_api.h"

namespace tradelake::feed {

class ServerConnection;

// What the host gives a new connection.
struct ConnectionSetup {
  std::string id;
  ExchangeSide::TopicExists exists;
  FaultPlan faults;
};

// Who owns the connections.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  virtual RestAnswer on_get(std::string_view target) = 0;
  virtual ConnectionSetup on_upgrade(bybit::Category category) = 0;
  virtual void on_open(std::shared_ptr<ServerConnection> connection) = 0;
  virtual void on_request(ServerConnection& connection, std::string_view text) = 0;
  virtual void on_sent(const ServerConnection& connection, const ScheduledFrame& frame,
                       bool completed) = 0;
  virtual void on_gone(ServerConnection& connection) = 0;
};

class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Ending { none, close_frame, no_close_frame };

  ServerConnection(ConnectionHost& host, ConnectionSetup setup, bybit::Category category);
  virtual ~ServerConnection() = default;

  const std::string& id() const { return id_; }
  bybit::Category category() const { return category_; }
  ExchangeSide& side() { return side_; }
  std::size_t queued_bytes() const { return queued_bytes_; }

  void send(std::shared_ptr<const ScheduledFrame> frame);
  void answer(std::string text);
  void end(Ending ending);
  void mute() { muted_ = true; }  // stays open, says nothing more
  bool muted() const { return muted_; }

  // By chance at a frame, and by schedule at a tick.
  void apply_faults_at_frame(Random& random);
  void tick(Random& random, Clock::time_point now, std::chrono::milliseconds idle_cut);

 protected:
  struct Item {
    std::shared_ptr<const ScheduledFrame> frame;  // null: an answer
    std::string answer;
    const std::string& text() const { return frame ? frame->text : answer; }
  };

  virtual void start_writing() = 0;  // unless it is writing
  virtual void cut() = 0;            // closes the socket at once

  bool next(Item& item);
  void completed(const Item& item, bool ok);
  void discard_queue();
  void opened() { host_.on_open(shared_from_this()); }
  void received(std::string_view text);
  void gone();

  Ending ending_ = Ending::none;

 private:
  void fault(Fault fault);

  ConnectionHost& host_;
  std::string id_;
  bybit::Category category_;
  ExchangeSide side_;
  FaultPlan plan_;
  TriggerClock clocks_[3];  // close, drop, silence
  std::deque<Item> queue_;
  std::size_t queued_bytes_ = 0;
  bool muted_ = false;
  bool gone_ = false;
  Clock::time_point last_traffic_ = Clock::now();
  Clock::time_point ended_at_{};
};

}  // namespace tradelake::feed
