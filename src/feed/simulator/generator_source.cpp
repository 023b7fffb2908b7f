#include <set>

#include "bybit/topic.h"
#include "core/time.h"
#include "feed/simulator/faults.h"
#include "feed/simulator/frame_source.h"

namespace tradelake::feed {
namespace {

// Fast enough for the generator's own clock to stand still beside the wall clock.
constexpr double unlimited_rate = 1e9;

ListedInstrument describe(const Instrument& instrument) {
  ListedInstrument listed{
      instrument.category, instrument.symbol, instrument.base_coin, instrument.quote_coin, {}, {}};
  write_scaled(listed.tick_size, instrument.tick, instrument.price_decimals, true);
  write_scaled(listed.size_step, 1, instrument.size_decimals, true);
  return listed;
}

class GeneratorSource : public FrameSource {
 public:
  GeneratorSource(const GeneratorSourceOptions& options, Listing listing)
      : options_(options), listing_(std::move(listing)) {
    for (const auto& instrument : listing_.instruments)
      instruments_.push_back(describe(instrument));
    for (const auto& stream : listing_.streams) topics_.emplace(stream.category, stream.topic);
    for (const auto& [category, symbol] : kline_markets())
      topics_.emplace(category, bybit::minute_kline_topic(symbol));
  }

  void begin(std::int64_t now_us) override {
    const bool unlimited = options_.trades_per_second == 0;
    generator_ = std::make_unique<Generator>(
        listing_, GeneratorOptions{options_.seed, now_us / 1000,
                                   unlimited ? unlimited_rate : options_.trades_per_second});
    faults_ = std::make_unique<FrameFaults>(listing_, *generator_, options_.faults, options_.seed);
  }

  Result<bool> next(std::vector<ScheduledFrame>& out) override {
    mixed_.clear();
    const bool ended = options_.frames != 0 && made_ == options_.frames;
    if (ended) {
      faults_->flush(mixed_);
    } else {
      ++made_;
      if (options_.trades_per_second == 0) generator_->skip_to(now_us());
      generator_->next(frame_);
      faults_->mix(frame_, mixed_);
    }
    for (auto& frame : mixed_) out.push_back(schedule(std::move(frame)));
    return !ended;
  }

  const std::vector<ListedInstrument>& instruments() const override { return instruments_; }

  std::vector<bybit::Market> kline_markets() const override {
    std::vector<bybit::Market> markets;
    for (const auto& one : instruments_) {
      if (bybit::has_klines(one.category)) markets.push_back({one.category, one.symbol});
    }
    return markets;
  }

  bool has_topic(bybit::Category category, std::string_view topic) const override {
    return topics_.contains({category, std::string(topic)});
  }

 private:
  ScheduledFrame schedule(OutFrame&& frame) const {
    ScheduledFrame scheduled{frame.category,
                             listing_.streams[frame.stream].topic,
                             std::move(frame.text),
                             frame.due_us,
                             {}};
    if (options_.trades_per_second == 0) scheduled.due_us = 0;
    scheduled.fresh.reserve(frame.fresh.size());
    for (const auto& trade : frame.fresh) {
      const auto& instrument = listing_.instruments[trade.instrument];
      BookTrade kept{{}, {}, {}, trade.time_ms, trade.seq, trade.buy, trade.block, trade.rpi};
      write_trade_id(kept.id, trade, instrument.category);
      write_price(kept.price, trade, instrument);
      write_size(kept.size, trade, instrument);
      scheduled.fresh.emplace_back(instrument.symbol, std::move(kept));
    }
    return scheduled;
  }

  GeneratorSourceOptions options_;
  Listing listing_;
  std::vector<ListedInstrument> instruments_;
  std::set<std::pair<bybit::Category, std::string>> topics_;
  std::unique_ptr<Generator> generator_;
  std::unique_ptr<FrameFaults> faults_;
  GeneratedFrame frame_;
  std::vector<OutFrame> mixed_;
  std::uint64_t made_ = 0;
};

}  // namespace

Result<std::unique_ptr<FrameSource>> make_generator_source(const GeneratorSourceOptions& options) {
  TL_ASSIGN(auto listing, make_listing(options.symbols));
  return std::make_unique<GeneratorSource>(options, std::move(listing));
}

}  // namespace tradelake::feed
