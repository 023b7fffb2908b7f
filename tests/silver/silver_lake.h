// A lake for the candles pipeline, with bronze beside it where a test wants it: trades into a local
// log, commits when told, rows out of the tables. The warehouse is in memory, log and catalog in
// files that a restart finds again.
//
// Threads: one.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "iceberg/parquet_memory_io.h"
#include "iceberg/sql_session.h"
#include "silver/candles.h"
#include "silver/intervals.h"

namespace tradelake::silver {

struct SentTrade {
  std::string symbol;  // of linear
  std::int64_t time_ms = 0;
  std::int64_t price = 1, size = 1;
  bool buy = true;
  int id = 0;
  std::int64_t seq = 0;
  std::string under = {};  // the symbol of the topic it comes in; empty: its own
  bool block = false, rpi = false;
  std::string category = "linear";
};

// A closed candle of the exchange.
struct SentKline {
  std::string symbol;
  std::int64_t open_ms = 0;
  std::string volume, turnover, close;
  std::string category = "linear";
  std::string interval = "1";
  std::int64_t length_ms = 60'000;
  std::int64_t after_ms = 500;  // its end, when it is pushed
};

class SilverLake {
 public:
  explicit SilverLake(std::int64_t grace_us = 600'000'000);
  ~SilverLake();
  SilverLake(const SilverLake&) = delete;

  // A frame of one trade.
  void send(const SentTrade& trade);
  void send(const SentKline& kline);
  // A frame of which nothing is known but that it came.
  void send_unroutable(const std::string& text, std::int64_t time_ms);
  // What a collector says it has not received.
  void send_gap(const std::string& symbol, std::int64_t from_us, std::int64_t to_us);
  // In the partition of that symbol.
  void send_end_marker(const std::string& symbol);
  // Everything in the log into the tables, in one commit.
  void commit();
  Result<> try_commit();
  // The same into bronze, by a process of its own that ends.
  void commit_bronze();
  // The process is gone; the next commit is of another one.
  void restart() { candles_.reset(); }
  CandlesStatus status() const { return candles_->status(); }

  iceberg::Table table(const std::string& name) const;
  // At the table's head, in its sort order.
  std::vector<CandleRow> rows(const StoredInterval& interval) const;
  // "interval reason revision" of each row, in the order of the table's files.
  std::vector<std::string> revisions(const std::string& symbol) const;
  std::int64_t count(const std::string& table) const;
  // Changes the catalog behind everybody's back.
  void change_catalog(const std::string& sql);
  // The table has these rows instead, by the hand of another writer.
  void overwrite(const StoredInterval& interval, const std::vector<CandleRow>& rows);

  iceberg::Catalog& catalog() { return *catalog_; }
  iceberg::FileIo& io() { return io_; }

 private:
  void append(const log::NewRecord& record);
  bronze::Lake lake();

  const std::filesystem::path folder_;
  const std::int64_t grace_us_;
  mutable iceberg::MemoryIo io_;
  mutable std::map<std::string, std::vector<CandleRow>> read_;  // by file, which never changes
  std::unique_ptr<iceberg::Catalog> catalog_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<log::Writer> writer_;
  std::unique_ptr<Candles> candles_;
};

}  // namespace tradelake::silver
