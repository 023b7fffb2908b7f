#include "feed/simulator/server_connection.h"

namespace tradelake::feed {
namespace {

constexpr Fault connection_faults[] = {Fault::close, Fault::drop, Fault::silence};

// A client that reads so much slower than the market is cut off.
constexpr std::size_t most_queued_bytes = 64 << 20;

// How long a client may take to end its side, too.
constexpr std::chrono::seconds linger{2};

}  // namespace

ServerConnection::ServerConnection(ConnectionHost& host, ConnectionSetup setup,
                                   bybit::Category category)
    : host_(host),
      id_(setup.id),
      category_(category),
      side_(category, std::move(setup.id), std::move(setup.exists)),
      plan_(setup.faults) {
  for (int i = 0; i < 3; ++i) clocks_[i] = TriggerClock(plan_[connection_faults[i]]);
}

void ServerConnection::send(std::shared_ptr<const ScheduledFrame> frame) {
  if (muted_ || gone_ || ending_ != Ending::none) return;
  queued_bytes_ += frame->text.size();
  queue_.push_back({std::move(frame), {}});
  start_writing();
  if (queued_bytes_ > most_queued_bytes) end(Ending::no_close_frame);
}

void ServerConnection::answer(std::string text) {
  if (muted_ || gone_ || ending_ != Ending::none) return;
  queue_.push_back({nullptr, std::move(text)});
  start_writing();
}

void ServerConnection::end(Ending ending) {
  if (gone_ || ending_ != Ending::none) return;
  ending_ = ending;
  ended_at_ = Clock::now();
  discard_queue();
  start_writing();
}

bool ServerConnection::next(Item& item) {
  if (queue_.empty() || ending_ != Ending::none) return false;
  item = std::move(queue_.front());
  queue_.pop_front();
  if (item.frame) queued_bytes_ -= item.frame->text.size();
  return true;
}

void ServerConnection::completed(const Item& item, bool ok) {
  last_traffic_ = Clock::now();
  if (item.frame) host_.on_sent(*this, *item.frame, ok && !gone_);
}

void ServerConnection::discard_queue() {
  for (const auto& item : queue_) {
    if (item.frame) host_.on_sent(*this, *item.frame, false);
  }
  queue_.clear();
  queued_bytes_ = 0;
}

void ServerConnection::received(std::string_view text) {
  last_traffic_ = Clock::now();
  if (!muted_ && ending_ == Ending::none) host_.on_request(*this, text);
}

void ServerConnection::gone() {
  if (gone_) return;
  gone_ = true;
  discard_queue();
  host_.on_gone(*this);
}

void ServerConnection::fault(Fault fault) {
  if (fault == Fault::close) end(Ending::close_frame);
  if (fault == Fault::drop) end(Ending::no_close_frame);
  if (fault == Fault::silence) mute();
}

void ServerConnection::apply_faults_at_frame(Random& random) {
  for (int i = 0; i < 3; ++i) {
    if (plan_[connection_faults[i]].chance > 0 && clocks_[i].fires(random, 0)) {
      fault(connection_faults[i]);
    }
  }
}

void ServerConnection::tick(Random& random, Clock::time_point now,
                            std::chrono::milliseconds idle_cut) {
  if (ending_ != Ending::none) {
    if (now - ended_at_ > linger) cut();
    return;
  }
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  for (int i = 0; i < 3; ++i) {
    if (plan_[connection_faults[i]].every.count() > 0 &&
        clocks_[i].fires(random, since_epoch.count())) {
      fault(connection_faults[i]);
    }
  }
  if (!muted_ && now - last_traffic_ > idle_cut) end(Ending::no_close_frame);
}

}  // namespace tradelake::feed
