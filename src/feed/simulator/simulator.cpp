#include "feed/simulator/simulator.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "bybit/topic.h"
#include "core/time.h"
#include "feed/simulator/frame_source.h"
#include "feed/simulator/klines.h"
#include "feed/simulator/rest_api.h"
#include "feed/simulator/server_connection.h"
#include "feed/simulator/web_server.h"

namespace tradelake::feed {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr milliseconds tick_time{20};
constexpr milliseconds longest_stop{1'500};
constexpr std::size_t frames_per_turn = 64;      // then the sockets have their turn
constexpr std::size_t enough_queued = 4 << 20;   // where the source waits for the clients
constexpr std::size_t remembered_per_topic = 8;  // for repeats after a reconnect

}  // namespace

struct Simulator::Impl final : ConnectionHost {
  explicit Impl(SimulatorOptions given)
      : options(std::move(given)),
        random(mix_bits(options.seed ^ 0x51)),
        server(context, *this),
        tick_timer(context),
        feed_timer(context) {}

  SimulatorOptions options;
  Random random;
  std::unique_ptr<FrameSource> source;
  std::unique_ptr<Recorder> recorder;
  MarketBook book;
  Klines klines{{}};
  asio::io_context context{1};
  WebServer server;
  asio::steady_timer tick_timer;
  asio::steady_timer feed_timer;
  std::thread thread;

  using TopicKey = std::pair<bybit::Category, std::string>;
  std::set<std::shared_ptr<ServerConnection>> connections;
  std::map<TopicKey, std::vector<ServerConnection*>> subscribers;
  std::map<TopicKey, std::deque<std::shared_ptr<const ScheduledFrame>>> remembered;
  bool subscribed_once = false;
  bool stopping = false;
  std::uint64_t next_id = 0;

  std::atomic<std::uint64_t> frames{0};
  std::atomic<std::uint64_t> trades{0};
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::size_t> open{0};
  std::atomic<bool> finished{false};
  mutable std::mutex error_mutex;
  std::string error;

  bool finite() const { return !options.capture.empty() || options.frames != 0; }
  bool unpaced() const {
    return options.capture.empty() ? options.trades_per_second == 0 : options.speed == 0;
  }

  // ---- starting

  Result<> make_source() {
    if (!options.capture.empty()) {
      TL_ASSIGN(source,
                make_capture_source({options.capture, options.speed, options.recorded_times}));
      return {};
    }
    TL_ASSIGN(source,
              make_generator_source({options.symbols, options.seed, options.trades_per_second,
                                     options.frames, options.faults}));
    return {};
  }

  void spawn(asio::awaitable<void> work) {
    asio::co_spawn(context, std::move(work), [](std::exception_ptr failure) {
      try {
        if (failure) std::rethrow_exception(failure);
      } catch (const std::exception& problem) {
        spdlog::debug("event=simulator_task_failed error=\"{}\"", problem.what());
      }
    });
  }

  // ---- connections

  RestAnswer on_get(std::string_view target) override {
    return answer_rest(target, book, source->instruments(), now_ns());
  }

  ConnectionSetup on_upgrade(bybit::Category category) override {
    return {fmt::format("sim-{:x}-{}", options.seed, ++next_id),
            [this, category](std::string_view topic) { return exists(category, topic); },
            options.faults};
  }

  void on_open(std::shared_ptr<ServerConnection> connection) override {
    accepted.fetch_add(1);
    if (stopping) connection->end(ServerConnection::Ending::close_frame);
    connections.insert(std::move(connection));
    open.store(connections.size());
  }

  bool exists(bybit::Category category, std::string_view topic) const {
    if (!source->has_topic(category, topic)) return false;
    if (std::ranges::find(options.rejected_topics, topic) != options.rejected_topics.end()) {
      return false;
    }
    std::uint64_t hash = options.seed ^ static_cast<std::uint64_t>(category);
    for (const char c : topic) hash = mix_bits(hash ^ static_cast<unsigned char>(c));
    return Random(hash).unit() >= options.faults[Fault::reject].chance;
  }

  void on_request(ServerConnection& connection, std::string_view text) override {
    auto answer = connection.side().answer(text, now_ms());
    connection.answer(std::move(answer.text));
    for (const auto& topic : answer.removed) forget(connection, topic);
    for (const auto& topic : answer.added) {
      subscribers[{connection.category(), topic}].push_back(&connection);
      repeat_after_reconnect(connection, topic);
    }
    if (!answer.added.empty() && !std::exchange(subscribed_once, true)) feed_timer.cancel();
  }

  // The exchange promises no replay, nor that there is none.
  void repeat_after_reconnect(ServerConnection& connection, const std::string& topic) {
    const auto found = remembered.find({connection.category(), topic});
    if (found == remembered.end() || !random.chance(0.5)) return;
    for (const auto& frame : found->second) connection.send(frame);
  }

  void forget(ServerConnection& connection, const std::string& topic) {
    const auto found = subscribers.find({connection.category(), topic});
    if (found != subscribers.end()) std::erase(found->second, &connection);
  }

  void on_sent(const ServerConnection& connection, const ScheduledFrame& frame,
               bool completed) override {
    if (completed) sent.fetch_add(1, std::memory_order_relaxed);
    recorder->record(
        {now_ns(), frame.category, connection.id(), completed, frame.topic, frame.text});
  }

  void on_gone(ServerConnection& connection) override {
    for (auto& [topic, list] : subscribers) std::erase(list, &connection);
    connections.erase(connection.shared_from_this());
    open.store(connections.size());
  }

  // ---- time

  asio::awaitable<void> pause(milliseconds time) {
    error_code woken;
    feed_timer.expires_after(time);
    co_await feed_timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }

  asio::awaitable<void> tick() {
    for (;;) {
      tick_timer.expires_after(tick_time);
      co_await tick_timer.async_wait(asio::use_awaitable);
      const auto now = ServerConnection::Clock::now();
      // A connection that ends leaves the set, so over a copy.
      const std::vector<std::shared_ptr<ServerConnection>> open_now(connections.begin(),
                                                                    connections.end());
      for (const auto& connection : open_now) connection->tick(random, now, options.idle_cut);
      for (auto& frame : klines.due(book, now_ms())) deliver(std::move(frame));
      recorder->flush();
    }
  }

  std::size_t most_queued() const {
    std::size_t most = 0;
    for (const auto& connection : connections) most = std::max(most, connection->queued_bytes());
    return most;
  }

  // ---- sending

  void dispatch(ScheduledFrame&& made) {
    frames.fetch_add(1, std::memory_order_relaxed);
    trades.fetch_add(made.fresh.size(), std::memory_order_relaxed);
    for (auto& [symbol, trade] : made.fresh) {
      book.add({made.category, std::move(symbol)}, std::move(trade));
    }
    made.fresh.clear();
    deliver(std::move(made));
  }

  void deliver(ScheduledFrame&& made) {
    const TopicKey key{made.category, made.topic};
    const auto frame = std::make_shared<const ScheduledFrame>(std::move(made));
    if (options.faults[Fault::repeat].on()) {
      auto& kept = remembered[key];
      kept.push_back(frame);
      if (kept.size() > remembered_per_topic) kept.pop_front();
    }
    const auto found = subscribers.find(key);
    if (found == subscribers.end()) return;
    const auto list = found->second;  // a fault may end a connection and change it
    for (auto* connection : list) {
      connection->send(frame);
      connection->apply_faults_at_frame(random);
    }
  }

  asio::awaitable<void> feed() {
    while (finite() && !subscribed_once) co_await pause(milliseconds(100));
    if (finite()) co_await pause(options.start_delay);
    source->begin(now_us());
    std::vector<ScheduledFrame> batch;
    std::size_t turn = 0;
    for (bool more = true; more && !stopping;) {
      if (unpaced() && connections.empty()) {
        co_await pause(milliseconds(5));
        continue;
      }
      batch.clear();
      auto next = source->next(batch);
      if (!next) {
        fail(next.error());
        co_return;
      }
      more = *next;
      for (auto& frame : batch) {
        while (frame.due_us > now_us() && !stopping) {
          const auto wait_us = frame.due_us - now_us();
          co_await pause(std::min(milliseconds(wait_us / 1000 + 1), milliseconds(200)));
        }
        dispatch(std::move(frame));
        if (++turn % frames_per_turn == 0) co_await asio::post(context, asio::use_awaitable);
        while (unpaced() && most_queued() > enough_queued && !stopping) {
          co_await pause(milliseconds(1));
        }
      }
    }
    while (most_queued() > 0 && !stopping) co_await pause(milliseconds(5));
    finished.store(true);
    if (finite())
      spdlog::info("event=simulator_finished frames={} trades={}", frames.load(), trades.load());
  }

  void fail(const Error& problem) {
    spdlog::error("event=simulator_source_failed error=\"{}\"", problem.message);
    const std::lock_guard lock(error_mutex);
    error = problem.message;
  }

  // ---- stopping

  asio::awaitable<void> shut_down() {
    stopping = true;
    server.close();
    const std::vector<std::shared_ptr<ServerConnection>> open_now(connections.begin(),
                                                                  connections.end());
    for (const auto& connection : open_now) connection->end(ServerConnection::Ending::close_frame);
    asio::steady_timer timer(context);
    const auto deadline = ServerConnection::Clock::now() + longest_stop;
    while (!connections.empty() && ServerConnection::Clock::now() < deadline) {
      timer.expires_after(milliseconds(2));
      co_await timer.async_wait(asio::use_awaitable);
    }
    context.stop();
  }
};

Simulator::Simulator(SimulatorOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}

Simulator::~Simulator() {
  stop();
}

Result<> Simulator::start() {
  Impl& impl = *impl_;
  TL_TRY(impl.make_source());
  impl.klines = Klines(impl.source->kline_markets());
  TL_ASSIGN(impl.recorder, Recorder::open(impl.options.record_path, impl.options.on_sent));
  TL_TRY(impl.server.listen({impl.options.listen_host, impl.options.listen_port,
                             impl.options.tls_cert, impl.options.tls_key}));
  impl.server.start();
  impl.spawn(impl.tick());
  impl.spawn(impl.feed());
  impl.thread = std::thread([&impl] { impl.context.run(); });
  return {};
}

void Simulator::stop() {
  if (!impl_->thread.joinable()) return;
  asio::post(impl_->context, [impl = impl_.get()] { impl->spawn(impl->shut_down()); });
  impl_->thread.join();
  impl_->recorder->flush();
}

std::uint16_t Simulator::port() const {
  return impl_->server.port();
}

Endpoint Simulator::endpoint() const {
  return {impl_->server.tls(), impl_->options.listen_host, impl_->server.port()};
}

std::string Simulator::url() const {
  return fmt::format("{}://{}:{}", impl_->server.tls() ? "wss" : "ws", impl_->options.listen_host,
                     impl_->server.port());
}

SimulatorStatus Simulator::status() const {
  SimulatorStatus status;
  status.frames = impl_->frames.load();
  status.trades = impl_->trades.load();
  status.sent = impl_->sent.load();
  status.accepted = impl_->accepted.load();
  status.connections = impl_->open.load();
  status.finished = impl_->finished.load();
  const std::lock_guard lock(impl_->error_mutex);
  status.error = impl_->error;
  return status;
}

void Simulator::inject(Fault fault) {
  asio::post(impl_->context, [impl = impl_.get(), fault] {
    const std::vector<std::shared_ptr<ServerConnection>> open_now(impl->connections.begin(),
                                                                  impl->connections.end());
    for (const auto& connection : open_now) {
      if (fault == Fault::close) connection->end(ServerConnection::Ending::close_frame);
      if (fault == Fault::drop) connection->end(ServerConnection::Ending::no_close_frame);
      if (fault == Fault::silence) connection->mute();
    }
  });
}

}  // namespace tradelake::feed
