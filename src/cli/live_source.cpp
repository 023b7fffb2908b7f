#include "cli/live_source.h"

#include <atomic>
#include <charconv>
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "bybit/market.h"
#include "feed/bybit_source.h"
#include "feed/instruments.h"
#include "feed/simulator/simulator.h"
#include "log/collector.h"
#include "log/replayer.h"

namespace tradelake::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view replay_prefix = "replay:";
constexpr auto bybit_patience = 5s;
constexpr const char* demo_symbols = "linear:6,spot:4,inverse:2,option:1";
constexpr double demo_trades_per_second = 60;

Result<double> parse_speed(const std::string& text) {
  if (text == "max") return 0.0;
  double speed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), speed);
  if (error == std::errc{} && end == text.data() + text.size() && speed > 0) return speed;
  return make_error(Errc::invalid_argument, "speed is '{}'; allowed: max, or a number above 0",
                    text);
}

class ReplaySource : public Source {
 public:
  ReplaySource(log::Log& log, std::string path, double speed, SourceHooks hooks)
      : path_(path),
        hooks_(std::move(hooks)),
        replayer_(log, {std::move(path), speed, hooks_.wait_for_room}) {
    thread_ = std::jthread([this](std::stop_token stop) {
      const auto result = replayer_.run(stop);
      if (!result && result.error().code != Errc::cancelled) hooks_.failed(result.error());
      ended_ = result.has_value();
    });
  }
  void stop() override {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  bool ended() const override { return ended_; }
  api::SourceStatus status() const override {
    api::SourceStatus status;
    status.name = "replay:" + path_;
    status.state = ended_ ? "ended" : "replaying";
    return status;
  }

 private:
  std::string path_;
  SourceHooks hooks_;
  log::Replayer replayer_;
  std::atomic<bool> ended_ = false;
  std::jthread thread_;
};

// A client of an exchange, the queue and the thread that appends, and the exchange itself if it is
// our own simulator.
class LiveSource : public Source {
 public:
  LiveSource(log::Log& log, std::size_t queue_bytes, bool klines, SourceHooks hooks)
      : hooks_(std::move(hooks)), collector_(log, queue_bytes), klines_(klines) {
    collector_thread_ = std::jthread([this](std::stop_token stop) {
      if (const auto result = collector_.run(stop); !result) hooks_.failed(result.error());
    });
  }
  ~LiveSource() override { stop(); }

  Result<> connect(std::string name, const feed::ExchangeAddress& address,
                   std::vector<bybit::Market> markets) {
    name_ = std::move(name);
    feed::BybitSourceOptions options;
    options.websocket = address.websocket;
    options.markets = feed::resolve_markets(address.rest, markets);
    options.klines = klines_;
    options.observer = [this](const feed::ConnectionEvent& event) { collector_.note(event); };
    client_ = std::make_unique<feed::BybitSource>(std::move(options));
    return client_->start(collector_);
  }
  bool connected_within(std::chrono::seconds patience) const {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
      if (client_->status().connected > 0) return true;
      std::this_thread::sleep_for(50ms);
    }
    return false;
  }
  std::string last_error() const { return client_->status().last_error; }
  void disconnect() {
    client_->stop();
    client_.reset();
  }
  Result<> start_simulator() {
    feed::SimulatorOptions options;
    options.symbols = demo_symbols;
    options.trades_per_second = demo_trades_per_second;
    simulator_ = std::make_unique<feed::Simulator>(std::move(options));
    TL_TRY(simulator_->start());
    TL_ASSIGN(const auto address, feed::parse_exchange(simulator_->url()));
    using bybit::Category;
    return connect("simulator", address,
                   {{Category::linear, "*"},
                    {Category::spot, "*"},
                    {Category::inverse, "*"},
                    {Category::option, "*"}});
  }

  void stop() override {
    if (client_) client_->stop();
    if (simulator_) simulator_->stop();
    collector_thread_.request_stop();
    if (collector_thread_.joinable()) collector_thread_.join();
  }
  bool ended() const override { return false; }
  api::SourceStatus status() const override {
    const auto client = client_->status();
    api::SourceStatus status;
    status.name = name_;
    status.state = client.connected == client.connections ? "live" : "reconnecting";
    status.collector = collector_.status();
    status.reconnects = client.reconnects;
    status.last_frame_ns = client.last_frame_ns;
    return status;
  }

 private:
  SourceHooks hooks_;
  log::Collector collector_;
  const bool klines_;
  std::string name_;
  std::unique_ptr<feed::Simulator> simulator_;
  std::unique_ptr<feed::BybitSource> client_;
  std::jthread collector_thread_;
};

}  // namespace

bool is_live(const std::string& source) {
  return !source.starts_with(replay_prefix);
}

Result<std::unique_ptr<Source>> start_source(const Settings& settings, log::Log& log,
                                             SourceHooks hooks) {
  const auto& name = settings.text("source");
  if (!is_live(name)) {
    TL_ASSIGN(const double speed, parse_speed(settings.text("speed")));
    return std::make_unique<ReplaySource>(log, name.substr(replay_prefix.size()), speed,
                                          std::move(hooks));
  }
  const bool automatic = name == "auto";
  TL_ASSIGN(const auto markets, bybit::parse_markets(settings.text("symbols")));
  TL_ASSIGN(const auto address, feed::parse_exchange(automatic ? "bybit" : name));
  auto source =
      std::make_unique<LiveSource>(log, static_cast<std::size_t>(settings.bytes("collect.queue")),
                                   settings.boolean("collect.klines"), std::move(hooks));
  if (!automatic) {
    TL_TRY(source->connect(name, address, markets));
    return source;
  }
  // One line says what came of the attempt; the connections' own warnings would bury it.
  const auto level = spdlog::get_level();
  spdlog::set_level(spdlog::level::err);
  TL_TRY(source->connect("bybit", address, markets));
  const bool reached = source->connected_within(bybit_patience);
  const auto why = source->last_error();
  if (!reached) source->disconnect();
  spdlog::set_level(level);
  if (!reached) {
    fmt::print(
        "Bybit cannot be reached within 5 s{}{}: the built-in simulator plays the exchange.\n",
        why.empty() ? "" : ": ", why);
    TL_TRY(source->start_simulator());
  }
  return source;
}

}  // namespace tradelake::cli
