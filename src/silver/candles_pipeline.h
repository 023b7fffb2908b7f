// The candles pipeline itself, behind Candles::open(): candles.cpp reads, candles_commit.cpp
// commits.
//
// Threads and invariants: those of candles.h.
#pragma once

#include <cstdint>
#include <vector>

#include "bronze/frame_parser.h"
#include "bronze/id_window.h"
#include "silver/books.h"
#include "silver/candles.h"
#include "silver/market_list.h"
#include "silver/sealed_commit.h"

namespace tradelake::silver {

class CandlesPipeline : public Candles {
 public:
  CandlesPipeline(const bronze::Lake& lake, const CandlesOptions& options);
  Result<> prepare(bronze::Role role);

  CandlesStatus status() const override;
  iceberg::Table head() const override;
  LiveCandles live(std::size_t interval, bybit::Category category, std::string_view symbol,
                   std::int64_t from_us, std::int64_t to_us) const override;
  std::vector<Market> markets() const override;

 private:
  Result<> consume(const log::Record& record, bronze::PartitionPosition& position,
                   std::uint16_t topic) override;
  Result<> take_in(const bronze::ParsedFrame& frame, const log::Record& record,
                   bronze::PartitionPosition& position, std::uint16_t topic);
  void taken(const bronze::PartitionPosition& position) override;
  void forget() override;
  void drop_committed() override;
  bool has_room() const override;
  std::size_t pending_rows() const override { return late_.rows() + gaps_.rows(); }
  bool due() override;
  Result<bool> seal() override;
  Result<> write() override;

  // Whether the books, and the larger candles, are what the tables and the log make together.
  Result<bool> rebuilt();
  Result<> load_stored();
  std::vector<std::int64_t> current_watermarks();
  void finish(SilverTables tables);
  void drop_closed();

  bool live_ = false;  // the last frame came from an exchange: the clock may close candles
  bronze::FrameParser parser_;
  bronze::IdWindow ids_;
  std::vector<bronze::IdHash> hashes_;  // of the frame's trades
  LateTrades late_;
  CoverageGaps gaps_;
  Rollup rollup_;
  std::vector<std::int64_t> passed_;  // by slot: the watermarks at the last look
  SealedCommit sealed_;               // the commit under way
  std::int64_t last_look_us_ = 0;
  bool rebuilt_ = false;

  // Under mutex_, as in the base:
  SilverTables tables_;
  Books books_;
  bronze::MarketTable markets_;
  MarketList market_list_;
  CandlesStatus status_;  // without the part that the base keeps
};

}  // namespace tradelake::silver
