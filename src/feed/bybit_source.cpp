#include "feed/bybit_source.h"

#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include "bybit/limits.h"
#include "bybit/topic.h"
#include "core/time.h"
#include "feed/bybit_session.h"

namespace tradelake::feed {

namespace asio = boost::asio;

struct BybitSource::Impl {
  BybitSourceOptions options;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::vector<std::unique_ptr<BybitSession>> sessions;
  std::thread thread;

  void add_sessions(bybit::Category category, SessionStream stream, FrameSink& sink,
                    const std::shared_ptr<asio::ssl::context>& tls) {
    const bool trades = stream == SessionStream::trades;
    std::vector<std::string> topics;
    for (const auto& market : options.markets) {
      if (market.category != category) continue;
      topics.push_back(trades ? bybit::trade_topic(market.symbol)
                              : bybit::minute_kline_topic(market.symbol));
    }
    std::size_t number = 0;
    for (auto& part : bybit::split_by_connection(category, std::move(topics))) {
      const auto seed = mix_bits(options.jitter_seed + sessions.size());
      sessions.push_back(std::make_unique<BybitSession>(
          context, tls, options, sink, category, stream,
          fmt::format("{}-{}{}", to_string(category), trades ? "" : "kline-", number++),
          std::move(part), seed));
    }
  }
};

BybitSource::BybitSource(BybitSourceOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
  if (impl_->options.jitter_seed == 0) {
    impl_->options.jitter_seed = static_cast<std::uint64_t>(now_ns());
  }
}

BybitSource::~BybitSource() {
  stop();
}

Result<> BybitSource::start(FrameSink& sink) {
  for (const auto& market : impl_->options.markets) {
    if (!market.all()) continue;
    return make_error(Errc::invalid_argument, "source: {} has to be resolved to symbols first",
                      to_string(market));
  }
  std::shared_ptr<asio::ssl::context> tls;
  if (impl_->options.websocket.tls) {
    TL_ASSIGN(tls, make_client_tls(impl_->options.trust));
  }
  for (std::size_t i = 0; i < bybit::category_names.size(); ++i) {
    const auto category = static_cast<bybit::Category>(i);
    impl_->add_sessions(category, SessionStream::trades, sink, tls);
    if (impl_->options.klines && bybit::has_klines(category))
      impl_->add_sessions(category, SessionStream::klines, sink, tls);
  }
  if (impl_->sessions.empty()) {
    return make_error(Errc::invalid_argument, "source: no markets to subscribe to");
  }
  impl_->thread = std::thread([impl = impl_.get()] {
    for (auto& session : impl->sessions) session->start();
    impl->context.run();
  });
  return {};
}

void BybitSource::stop() {
  impl_->context.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

BybitSourceStatus BybitSource::status() const {
  BybitSourceStatus status;
  for (const auto& session : impl_->sessions) session->add_to(status);
  return status;
}

}  // namespace tradelake::feed
