// Where the simulated exchange takes what it sends from: the generator or a capture.
//
// Threads: one owner. Does not: wait; whoever sends looks at due_us.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bybit/market.h"
#include "core/error.h"
#include "feed/simulator/fault_plan.h"
#include "feed/simulator/generator.h"
#include "feed/simulator/market_book.h"

namespace tradelake::feed {

struct ScheduledFrame {
  bybit::Category category{};
  std::string topic;
  std::string text;
  std::int64_t due_us = 0;                               // wall clock
  std::vector<std::pair<std::string, BookTrade>> fresh;  // new good trades with their symbols
};

struct ListedInstrument {
  bybit::Category category{};
  std::string symbol;
  std::string base_coin;
  std::string quote_coin;
  std::string tick_size;
  std::string size_step;
};

class FrameSource {
 public:
  virtual ~FrameSource() = default;

  // Appends what is next, in order; false: there is nothing more, ever.
  virtual Result<bool> next(std::vector<ScheduledFrame>& out) = 0;

  virtual const std::vector<ListedInstrument>& instruments() const = 0;
  // Markets whose trades the exchange is to make minutes of: none where the source has its own.
  virtual std::vector<bybit::Market> kline_markets() const { return {}; }

  virtual bool has_topic(bybit::Category category, std::string_view topic) const = 0;

  // Sending begins now: the times of a finite source count from here.
  virtual void begin(std::int64_t now_us) = 0;
};

struct GeneratorSourceOptions {
  std::string symbols;
  std::uint64_t seed = 1;
  double trades_per_second = 1000;  // 0: as many as are asked for
  std::uint64_t frames = 0;         // 0: endless
  FaultPlan faults;
};
Result<std::unique_ptr<FrameSource>> make_generator_source(const GeneratorSourceOptions& options);

struct CaptureSourceOptions {
  std::string path;
  double speed = 1;  // 0: without waiting
  // Else T and ts are moved so that the capture begins now, and its klines are left out.
  bool recorded_times = false;
};
Result<std::unique_ptr<FrameSource>> make_capture_source(const CaptureSourceOptions& options);

}  // namespace tradelake::feed
