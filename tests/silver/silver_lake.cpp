#include "silver/silver_lake.h"

#include <algorithm>

#include <arrow/api.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bronze/sink.h"
#include "iceberg/random_id.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"
#include "iceberg/transaction.h"
#include "log/coverage_records.h"
#include "log/local_log.h"
#include "log/topic.h"
#include "silver/candle_arrow.h"
#include "silver/rewrite.h"

namespace tradelake::silver {
namespace {

namespace fs = std::filesystem;

// In memory where that can be had: nothing here is about power cuts.
fs::path temporary_folder() {
  const fs::path memory = "/dev/shm";
  std::error_code none;
  const auto root = fs::is_directory(memory, none) ? memory : fs::temp_directory_path();
  return root / ("tradelake-silver-" + iceberg::random_uuid());
}

}  // namespace

SilverLake::SilverLake(std::int64_t grace_us) : folder_(temporary_folder()), grace_us_(grace_us) {
  fs::create_directories(folder_);
  catalog_ = *iceberg::open_sqlite_catalog(folder_ / "catalog.db", "tradelake");
  log_ = *log::open_local_log(folder_ / "log.db");
  EXPECT_TRUE(log_->ensure_topics(log::frame_topics()));
  writer_ = *log_->writer();
}

SilverLake::~SilverLake() {
  candles_.reset();
  fs::remove_all(folder_);
}

void SilverLake::append(const log::NewRecord& record) {
  const auto done = writer_->append({&record, 1}, "");
  EXPECT_TRUE(done) << done.error().message;
}

void SilverLake::send(const SentTrade& trade) {
  const auto& topic = trade.under.empty() ? trade.symbol : trade.under;
  const auto text = fmt::format(
      R"({{"topic":"publicTrade.{7}","type":"snapshot","ts":{1},"data":[{{"T":{1},"s":"{0}","S":"{2}",)"
      R"("v":"{3}","p":"{4}","i":"{5}","BT":{8},"RPI":{9},"seq":{6}}}]}})",
      trade.symbol, trade.time_ms, trade.buy ? "Buy" : "Sell", trade.size, trade.price, trade.id,
      trade.seq, topic, trade.block, trade.rpi);
  const auto log_topic = log::topic_name(trade.category, log::trade_stream);
  log::NewRecord record;
  record.topic = log_topic;
  record.key = topic;
  record.value = text;
  record.headers.category = trade.category;
  record.headers.recv_ns = (trade.time_ms + 86'400'000) * 1'000'000;
  record.headers.origin = log::Origin::replay;
  append(record);
}

void SilverLake::send(const SentKline& kline) {
  const auto end_ms = kline.open_ms + kline.length_ms - 1;
  const auto text = fmt::format(
      R"({{"topic":"kline.{0}.{1}","data":[{{"start":{2},"end":{3},"interval":"{0}","open":"1",)"
      R"("close":"{4}","high":"1","low":"1","volume":"{5}","turnover":"{6}","confirm":true,)"
      R"("timestamp":{7}}}]}})",
      kline.interval, kline.symbol, kline.open_ms, end_ms, kline.close, kline.volume,
      kline.turnover, end_ms + kline.after_ms);
  const auto log_topic = log::topic_name(kline.category, log::kline_stream);
  log::NewRecord record;
  record.topic = log_topic;
  record.key = kline.symbol;
  record.value = text;
  record.headers.category = kline.category;
  record.headers.recv_ns = (end_ms + 86'400'000) * 1'000'000;
  record.headers.origin = log::Origin::replay;
  append(record);
}

void SilverLake::send_unroutable(const std::string& text, std::int64_t time_ms) {
  const auto log_topic = log::topic_name("linear", log::unroutable_stream);
  log::NewRecord record;
  record.topic = log_topic;
  record.value = text;
  record.headers.category = "linear";
  record.headers.recv_ns = time_ms * 1'000'000;
  record.headers.origin = log::Origin::replay;
  append(record);
}

void SilverLake::send_gap(const std::string& symbol, std::int64_t from_us, std::int64_t to_us) {
  const std::vector<log::MarketGap> gaps{
      {bybit::Category::linear, symbol, "linear-0", {from_us, to_us, "connection_lost"}}};
  const auto records = log::gap_records(gaps);
  for (const auto& record : records.records) append(record);
}

void SilverLake::send_end_marker(const std::string& symbol) {
  log::NewRecord record;
  record.topic = "bybit.v5.linear.publicTrade";
  record.key = symbol;
  record.headers.origin = log::Origin::replay;
  record.headers.kind = log::RecordKind::end_marker;
  append(record);
}

bronze::Lake SilverLake::lake() {
  return {*log_, *catalog_, io_, "file:///warehouse", folder_};
}

Result<> SilverLake::try_commit() {
  if (!candles_) {
    CandlesOptions options;
    options.limits = {SIZE_MAX, SIZE_MAX, INT64_MAX};
    options.grace_us = grace_us_;
    TL_ASSIGN(candles_, Candles::open(lake(), options));
  }
  std::stop_source stop;
  stop.request_stop();
  return candles_->run(stop.get_token(), us_per_minute);
}

void SilverLake::commit() {
  const auto done = try_commit();
  ASSERT_TRUE(done) << done.error().message;
}

void SilverLake::commit_bronze() {
  bronze::SinkOptions options;
  options.limits = {SIZE_MAX, SIZE_MAX, INT64_MAX};
  options.grace_us = grace_us_;
  const auto sink = *bronze::Sink::open(lake(), options);
  std::stop_source stop;
  stop.request_stop();
  const auto done = sink->run(stop.get_token(), us_per_minute);
  ASSERT_TRUE(done) << done.error().message;
}

void SilverLake::overwrite(const StoredInterval& interval, const std::vector<CandleRow>& rows) {
  auto head = table(fmt::format("candles_{}", interval.name));
  std::vector<std::string> removed;
  const auto files = *iceberg::plan_files(*head.metadata, io_, {});
  for (const auto& file : files) removed.push_back(file.file.path);
  iceberg::Transaction transaction(*catalog_, io_);
  auto written = *write_candles(head, transaction.new_files(), rows);
  transaction.add(head, iceberg::overwrite_files(std::move(removed), std::move(written)));
  const auto done = transaction.commit();
  ASSERT_TRUE(done) << done.error().message;
}

iceberg::Table SilverLake::table(const std::string& name) const {
  return *iceberg::load_table(*catalog_, io_, {"silver", name});
}

std::vector<CandleRow> SilverLake::rows(const StoredInterval& interval) const {
  const auto head = table(fmt::format("candles_{}", interval.name));
  std::vector<CandleRow> all;
  const auto files = *iceberg::plan_files(*head.metadata, io_, {});
  for (const auto& file : files) {
    const auto [known, fresh] = read_.try_emplace(file.file.path);
    if (fresh) known->second = *read_candles(head, io_, file, {});
    std::ranges::copy(known->second, std::back_inserter(all));
  }
  std::ranges::sort(all, sorts_before);
  return all;
}

std::vector<std::string> SilverLake::revisions(const std::string& symbol) const {
  const auto head = table("candle_revisions");
  std::vector<std::string> all;
  const auto files = *iceberg::plan_files(*head.metadata, io_, {});
  for (const auto& file : files) {
    const auto rows = *iceberg::read_data_file(*head.metadata, io_, file,
                                               {"symbol", "interval", "reason", "revision"}, {});
    const iceberg::RowReader reader(*rows);
    for (std::int64_t row = 0; row < reader.rows(); ++row) {
      if (reader.text(0, row) == symbol)
        all.push_back(fmt::format("{} {} {}", reader.text(1, row), reader.text(2, row),
                                  reader.integer(3, row)));
    }
  }
  std::ranges::sort(all);
  return all;
}

std::int64_t SilverLake::count(const std::string& name) const {
  const auto head = table(name);
  std::int64_t count = 0;
  const auto files = *iceberg::plan_files(*head.metadata, io_, {});
  for (const auto& file : files) count += file.file.record_count;
  return count;
}

void SilverLake::change_catalog(const std::string& sql) {
  const auto session = *iceberg::open_sqlite_session(folder_ / "catalog.db");
  const auto done = session->script(sql);
  ASSERT_TRUE(done) << done.error().message;
}

}  // namespace tradelake::silver
