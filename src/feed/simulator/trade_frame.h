// The text of a publicTrade frame as each category of the exchange writes it, and variations of it.
//
// Threads: pure functions. Does not: invent trades (generator.h) or decide what goes wrong
// (faults.h); it only writes what it is told to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "feed/simulator/generator.h"

namespace tradelake::feed {

// The keys of a trade, and two that this protocol does not have.
enum class TradeField : std::uint8_t {
  T,
  s,
  S,
  v,
  p,
  L,
  i,
  BT,
  RPI,
  seq,
  mP,
  iP,
  mIv,
  iv,
  unknown_scalar,
  unknown_nested,
};

// Writes `raw` instead of the field's value in one trade, or leaves the field out.
struct FieldOverride {
  std::size_t trade = 0;
  TradeField field{};
  std::optional<std::string> raw;
};

// Other ways to say the same: every one of them leaves the trades good.
struct FrameShape {
  bool shuffle_keys = false;                // any order of keys, also in the envelope
  bool bare_numbers = false;                // prices, sizes as JSON numbers; T and ts as strings
  bool unknown_fields = false;              // keys that this protocol does not have
  bool omit_optional = false;               // without L, BT, RPI, seq, ts
  bool duplicate_keys = false;              // a key twice; the last counts
  std::uint64_t seed = 0;                   // for what is drawn
  const FieldOverride* override = nullptr;  // this one makes a trade bad, or extreme

  bool plain() const {
    return !shuffle_keys && !bare_numbers && !unknown_fields && !omit_optional && !duplicate_keys &&
           override == nullptr;
  }
};

// Appends the frame's text.
void write_trade_frame(std::string& out, const Listing& listing, const GeneratedFrame& frame,
                       const FrameShape& shape = {});

// Single values, as in frames; REST uses the same.
void write_trade_id(std::string& out, const GeneratedTrade& trade, bybit::Category category);
void write_price(std::string& out, const GeneratedTrade& trade, const Instrument& instrument);
void write_size(std::string& out, const GeneratedTrade& trade, const Instrument& instrument);

// `value` units of 10^-decimals: (650001, 2) is "6500.01", without trailing zeros if `trim`.
void write_scaled(std::string& out, std::int64_t value, int decimals, bool trim);

}  // namespace tradelake::feed
