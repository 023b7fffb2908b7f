// Made-up trades of a whole exchange: seeded, endless, without sockets, clocks or text.
//
// Threads: one owner. Invariants: the same listing, options and calls give the same trades; ids
// never repeat; within a stream time_ms never falls and seq never falls; all trades of a sweep
// share time_ms and seq, and a frame holds at most 1024 of them (a larger sweep goes on in the next
// frame). Does not: write JSON (trade_frame.h) or misbehave (faults.h).
#pragma once

#include <cstdint>
#include <vector>

#include "feed/simulator/listing.h"
#include "feed/simulator/random.h"

namespace tradelake::feed {

inline constexpr std::size_t most_trades_per_frame = 1024;

enum class TickDirection : std::uint8_t { plus, zero_plus, minus, zero_minus };

// `price` and `size` count the units of the instrument. `id` is written as a UUID or, on spot, as
// the number id[0].
struct GeneratedTrade {
  std::uint64_t id[2] = {};
  std::uint32_t instrument = 0;
  std::int64_t price = 0;
  std::int64_t size = 0;
  std::int64_t time_ms = 0;
  std::uint64_t seq = 0;
  TickDirection direction{};
  bool buy = false;
  bool block = false;
  bool rpi = false;
};

struct GeneratedFrame {
  std::uint32_t stream = 0;
  std::int64_t due_us = 0;   // when the exchange sends it, microseconds since the epoch
  std::int64_t sent_ms = 0;  // "ts"
  std::vector<GeneratedTrade> trades;
};

struct GeneratorOptions {
  std::uint64_t seed = 1;
  std::int64_t start_ms = 0;        // time of the first trade
  double trades_per_second = 1000;  // over all streams, in the mean; bursts and calms around it
};

class Generator {
 public:
  Generator(const Listing& listing, GeneratorOptions options);

  // The next frame of the exchange. Reuses the room of `frame`.
  void next(GeneratedFrame& frame);

  // Time goes on from here, if that is later than where it was: for a caller who follows a clock.
  void skip_to(std::int64_t now_us);

  // One more trade of a stream at a time of the caller's choice; moves neither time nor price.
  GeneratedTrade extra_trade(std::uint32_t stream, std::int64_t time_ms);

 private:
  struct Walk {
    std::int64_t price = 0;
    TickDirection direction = TickDirection::plus;
  };

  std::uint32_t pick_stream();
  std::uint32_t sweep_length();
  void advance();
  void begin_sweep();
  void fill(GeneratedTrade& trade, std::uint32_t instrument, bool buy, std::int64_t price);
  std::int64_t step_price(std::uint32_t instrument, bool buy, bool first_of_sweep);
  std::int64_t heavy_tailed_size(const Instrument& instrument);

  const Listing& listing_;
  Random random_;
  std::vector<Walk> walks_;  // by instrument
  // Alias table (Vose) over the streams' weights: one draw, two look-ups, however many streams.
  std::vector<double> keep_;
  std::vector<std::uint32_t> alias_;
  double sweeps_per_us_;
  double now_us_ = 0;
  double mood_until_us_ = 0;  // end of the present burst or calm
  bool burst_ = false;
  std::uint64_t next_spot_id_ = 0;
  std::uint64_t seq_[bybit::category_names.size()] = {};
  // The sweep that is being told, if it did not fit into one frame.
  std::uint32_t stream_ = 0;
  std::uint32_t left_ = 0;
  bool buy_ = false;
  std::int64_t time_ms_ = 0;
};

}  // namespace tradelake::feed
