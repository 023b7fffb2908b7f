#include "feed/bybit_session.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "bybit/control_frame.h"
#include "core/time.h"

namespace tradelake::feed {
namespace {

constexpr std::chrono::seconds alive_interval{1};

// What connections of trades tell is what people and programs wait for; an exchange that has no
// klines refuses all of them, one by one.
spdlog::level::level_enum level_of(SessionStream stream, spdlog::level::level_enum of_trades) {
  return stream == SessionStream::trades ? of_trades : spdlog::level::debug;
}

}  // namespace

BybitSession::BybitSession(boost::asio::io_context& context,
                           std::shared_ptr<boost::asio::ssl::context> tls,
                           const BybitSourceOptions& options, FrameSink& sink,
                           bybit::Category category, SessionStream stream, std::string name,
                           std::vector<std::string> topics, std::uint64_t jitter_seed)
    : context_(context),
      tls_(std::move(tls)),
      options_(options),
      sink_(sink),
      category_(category),
      stream_(stream),
      name_(std::move(name)),
      topics_(std::move(topics)),
      subscription_(category, topics_, options.times.subscription),
      timer_(context),
      random_(jitter_seed) {}

void BybitSession::connect() {
  std::string path = "/v5/public/";
  path += to_string(category_);
  WsConnection::Listener& listener = *this;  // a private base: only nameable here
  connection_ = std::make_unique<WsConnection>(context_, tls_, options_.websocket, std::move(path),
                                               options_.ws, listener);
  connection_->start();
}

void BybitSession::on_open() {
  open_ = true;
  opened_ = last_inbound_ = Clock::now();
  next_ping_ = opened_ + options_.times.ping;
  subscription_.reset();
  spdlog::log(level_of(stream_, spdlog::level::info), "event=connected conn={} host={} topics={}",
              name_, options_.websocket.authority(), topics_.size());
  watch();
}

void BybitSession::on_frame(std::string_view text) {
  const auto received_ns = now_ns();
  last_inbound_ = Clock::now();
  last_inbound_ns_ = received_ns;
  if (const auto control = bybit::parse_control_frame(text)) return on_control(*control);
  bytes_.fetch_add(text.size(), std::memory_order_relaxed);
  frames_.fetch_add(1, std::memory_order_relaxed);
  last_frame_ns_.store(received_ns, std::memory_order_relaxed);
  if (!sink_.push({received_ns, category_, name_, std::string(text)})) {
    refused_by_sink_.fetch_add(1, std::memory_order_relaxed);
  }
  tell_alive();
}

void BybitSession::on_sign_of_life() {
  last_inbound_ = Clock::now();
  last_inbound_ns_ = now_ns();
  tell_alive();
}

void BybitSession::on_control(const bybit::ControlFrame& frame) {
  if (frame.kind == bybit::ControlKind::pong) return tell_alive();
  if (frame.kind == bybit::ControlKind::other) {
    if (!frame.success) {
      spdlog::warn("event=exchange_error conn={} message=\"{}\"", name_, frame.ret_msg);
    }
    return;
  }
  if (!frame.success || !frame.fail_topics.empty()) {
    spdlog::log(level_of(stream_, spdlog::level::warn),
                "event=subscribe_refused conn={} req_id={} message=\"{}\" fail_topics={}", name_,
                frame.req_id, frame.ret_msg, frame.fail_topics.size());
  }
  const auto now = Clock::now();
  subscription_.on_ack(frame, now);
  watch();
}

void BybitSession::send_requests(Clock::time_point now) {
  while (auto request = subscription_.next_request(now))
    connection_->send(std::move(request->text));
  publish_state();
  if (told_subscribed_ || !subscription_.settled()) return;
  told_subscribed_ = true;
  spdlog::log(level_of(stream_, spdlog::level::info),
              "event=subscribed conn={} active={} refused={}", name_, subscription_.active(),
              subscription_.size() - subscription_.active());
  tell(ConnectionChange::subscribed);
}

void BybitSession::watch() {
  const auto now = Clock::now();
  if (now - last_inbound_ >= options_.times.silence) {
    return lost(fmt::format("nothing received for {} ms", options_.times.silence.count()));
  }
  if (now >= next_ping_) {
    next_ping_ = now + options_.times.ping;
    connection_->send(bybit::ping_request(fmt::format("p{}", ++pings_)));
  }
  send_requests(now);
  auto wake = std::min(next_ping_, last_inbound_ + options_.times.silence);
  if (const auto next = subscription_.next_time()) wake = std::min(wake, *next);
  // Never in the past: what is due but cannot be sent (too many requests in flight) waits for acks.
  timer_.expires_at(std::max(wake, now + std::chrono::milliseconds(1)));
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled && open_) watch();
  });
}

void BybitSession::on_closed(std::string_view cause) {
  lost(cause);
}

void BybitSession::lost(std::string_view cause) {
  const auto now = Clock::now();
  const bool was_open = std::exchange(open_, false);
  attempt_ = was_open && now - opened_ >= options_.times.healthy ? 0 : attempt_ + 1;
  const auto delay = bybit::backoff_delay(options_.times.backoff, attempt_ == 0 ? 0 : attempt_ - 1,
                                          random_.unit());
  spdlog::log(level_of(stream_, spdlog::level::warn),
              "event=connection_lost conn={} cause=\"{}\" retry_ms={}", name_, cause,
              delay.count());
  const std::string why(cause);  // the cause may live in the connection
  connection_.reset();
  {
    const std::lock_guard lock(mutex_);
    shown_.connected = false;
    shown_.active = 0;
    shown_.reconnects += 1;
    shown_.last_error = fmt::format("{}: {}", name_, why);
  }
  if (std::exchange(told_subscribed_, false)) tell(ConnectionChange::lost, why);
  timer_.expires_after(delay);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) connect();
  });
}

void BybitSession::tell(ConnectionChange change, std::string cause) {
  // What a market's trades lack is no matter of its klines.
  if (!options_.observer || stream_ != SessionStream::trades) return;
  options_.observer(
      {change, name_, category_, now_ns(), last_inbound_ns_, std::move(cause),
       change == ConnectionChange::subscribed ? topics_ : std::vector<std::string>()});
}

void BybitSession::tell_alive() {
  if (!told_subscribed_ || last_inbound_ < next_alive_) return;
  next_alive_ = last_inbound_ + alive_interval;
  tell(ConnectionChange::alive);
}

void BybitSession::publish_state() {
  const std::lock_guard lock(mutex_);
  shown_.connected = open_;
  shown_.active = subscription_.active();
  shown_.refused = subscription_.refused();
}

void BybitSession::add_to(BybitSourceStatus& status) const {
  status.frames += frames_.load(std::memory_order_relaxed);
  status.bytes += bytes_.load(std::memory_order_relaxed);
  status.refused_by_sink += refused_by_sink_.load(std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  status.reconnects += shown_.reconnects;
  if (stream_ == SessionStream::klines) {
    status.kline_topics += topics_.size();
    status.active_kline_topics += shown_.active;
    return;
  }
  status.connections += 1;
  status.topics += topics_.size();
  status.last_frame_ns =
      std::max(status.last_frame_ns, last_frame_ns_.load(std::memory_order_relaxed));
  status.connected += shown_.connected ? 1 : 0;
  status.active_topics += shown_.active;
  if (!shown_.last_error.empty()) status.last_error = shown_.last_error;
  for (const auto& refused : shown_.refused) {
    status.refused.push_back({category_, refused.topic, refused.reason});
  }
}

}  // namespace tradelake::feed
