#include "log/local_log.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "core/sqlite.h"
#include "core/time.h"
#include "log/local_log_rows.h"
#include "log/record_codec.h"
#include "log/topic.h"

namespace tradelake::log {
namespace {

// One stored batch at most, before compression: what a reader holds in memory per poll.
constexpr std::size_t max_batch_raw_bytes = 2 << 20;
constexpr int page_bytes = 16384;  // batches are tens of kilobytes and more
constexpr std::chrono::milliseconds foreign_writer_check{50};

constexpr const char* layout = R"(
CREATE TABLE IF NOT EXISTS topics (
  topic INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, id TEXT NOT NULL, partitions INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS partitions (
  topic INTEGER NOT NULL, partition INTEGER NOT NULL, start_offset INTEGER NOT NULL DEFAULT 0,
  next_offset INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (topic, partition)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (
  topic INTEGER NOT NULL, partition INTEGER NOT NULL, base_offset INTEGER NOT NULL,
  count INTEGER NOT NULL, append_us INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS batches_by_offset ON batches (topic, partition, base_offset);
CREATE TABLE IF NOT EXISTS source_progress (
  source TEXT NOT NULL, topic INTEGER NOT NULL, partition INTEGER NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY (source, topic, partition)) WITHOUT ROWID;
)";

std::string new_topic_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

// Wakes readers of this process.
struct Signal {
  std::mutex mutex;
  std::condition_variable appended;
  std::uint64_t appends = 0;
};

class LocalWriter : public Writer {
 public:
  LocalWriter(Database database, std::shared_ptr<Signal> signal)
      : database_(std::move(database)), signal_(std::move(signal)) {}

  Result<> prepare() {
    TL_ASSIGN(take_offsets_,
              database_.prepare("UPDATE partitions SET next_offset = next_offset + ?3 "
                                "WHERE topic = ?1 AND partition = ?2 RETURNING next_offset"));
    TL_ASSIGN(insert_, database_.prepare("INSERT INTO batches VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
    TL_ASSIGN(progress_,
              database_.prepare(
                  "INSERT INTO source_progress VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE "
                  "SET n = max(n, excluded.n)"));
    TL_ASSIGN(const auto topics, read_topics(database_));
    for (const auto& row : topics) topics_[row.info.name] = row.topic;
    return {};
  }

  Result<> append(std::span<const NewRecord> records, std::string_view source) override {
    TL_ASSIGN(auto transaction, SqliteTransaction::begin(database_));
    const std::int64_t append_us = now_us();
    std::map<std::pair<std::int64_t, std::int32_t>, Pending> pending;
    for (const auto& record : records) {
      const auto topic = topics_.find(record.topic);
      if (topic == topics_.end()) {
        return make_error(Errc::invalid_argument, "topic {} is not declared in the log",
                          record.topic);
      }
      const auto where = std::pair(topic->second, partition_of(record.key));
      auto& batch = pending[where];
      encode_record(record, batch.raw);
      ++batch.count;
      batch.source_n = std::max(batch.source_n, record.source_n);
      if (batch.raw.size() >= max_batch_raw_bytes) TL_TRY(flush(where, batch, append_us));
    }
    for (auto& [where, batch] : pending) {
      if (batch.count > 0) TL_TRY(flush(where, batch, append_us));
      if (source.empty()) continue;
      TL_TRY(progress_.bind(1, source)
                 .bind(2, where.first)
                 .bind(3, where.second)
                 .bind(4, batch.source_n)
                 .run());
    }
    TL_TRY(transaction.commit());
    {
      const std::lock_guard lock(signal_->mutex);
      ++signal_->appends;
    }
    signal_->appended.notify_all();
    return {};
  }

  Result<std::map<TopicPartition, std::int64_t>> source_progress(std::string_view source) override {
    TL_ASSIGN(auto select,
              database_.prepare("SELECT t.name, s.partition, s.n FROM source_progress s "
                                "JOIN topics t USING (topic) WHERE s.source = ?1"));
    select.bind(1, source);
    std::map<TopicPartition, std::int64_t> progress;
    while (true) {
      TL_ASSIGN(const bool row, select.step());
      if (!row) return progress;
      progress[{std::string(select.text(0)), static_cast<std::int32_t>(select.integer(1))}] =
          select.integer(2);
    }
  }

 private:
  struct Pending {
    std::string raw;
    std::int64_t count = 0;
    std::int64_t source_n = -1;
  };

  Result<> flush(std::pair<std::int64_t, std::int32_t> where, Pending& batch,
                 std::int64_t append_us) {
    take_offsets_.bind(1, where.first).bind(2, where.second).bind(3, batch.count);
    TL_ASSIGN(const bool row, take_offsets_.step());
    if (!row)
      return make_error(Errc::corrupt, "the log lacks partition {} of a declared topic",
                        where.second);
    const std::int64_t next_offset = take_offsets_.integer(0);
    take_offsets_.reset();
    insert_.bind(1, where.first).bind(2, where.second).bind(3, next_offset - batch.count);
    insert_.bind(4, batch.count).bind(5, append_us).bind_blob(6, compressor_.compress(batch.raw));
    TL_TRY(insert_.run());
    batch.raw.clear();
    batch.count = 0;
    return {};
  }

  Database database_;
  std::shared_ptr<Signal> signal_;
  Statement take_offsets_, insert_, progress_;
  std::map<std::string, std::int64_t, std::less<>> topics_;
  BatchCompressor compressor_;
};

class LocalReader : public Reader {
 public:
  LocalReader(Database database, std::shared_ptr<Signal> signal)
      : database_(std::move(database)), signal_(std::move(signal)) {}

  Result<> prepare() {
    TL_ASSIGN(ends_, database_.prepare(
                         "SELECT topic, partition, start_offset, next_offset FROM partitions"));
    // The batch that holds the offset is the last one that starts at or before it.
    TL_ASSIGN(fetch_,
              database_.prepare(
                  "SELECT base_offset, count, payload FROM batches WHERE topic = ?1 AND "
                  "partition = ?2 AND base_offset <= ?3 ORDER BY base_offset DESC LIMIT 1"));
    TL_ASSIGN(const auto topics, read_topics(database_));
    for (const auto& row : topics) names_[row.topic] = row.info.name;
    return {};
  }

  void assign(const std::map<TopicPartition, std::int64_t>& next_offsets) override {
    positions_.clear();
    for (const auto& [topic, name] : names_) {
      for (const auto& [where, offset] : next_offsets) {
        if (where.topic == name) positions_.push_back({topic, where, offset, 0, offset});
      }
    }
    turn_ = 0;
  }

  Result<> join(const std::string&, std::span<const std::string> topics,
                GroupMember& member) override {
    TL_ASSIGN(auto select, database_.prepare("SELECT topic, partition FROM partitions"));
    std::vector<TopicPartition> all;
    while (true) {
      TL_ASSIGN(const bool row, select.step());
      if (!row) break;
      const auto& name = names_.at(select.integer(0));
      if (std::ranges::find(topics, name) != topics.end())
        all.push_back({name, static_cast<std::int32_t>(select.integer(1))});
    }
    TL_ASSIGN(const auto next_offsets, member.take(all));
    assign(next_offsets);
    return {};
  }
  void seek(const std::map<TopicPartition, std::int64_t>& next_offsets) override {
    assign(next_offsets);
  }
  void tell_committed(const std::map<TopicPartition, std::int64_t>&) override {}
  bool shares() const override { return false; }

  Result<Chunk> poll(std::chrono::milliseconds wait) override {
    const auto deadline = std::chrono::steady_clock::now() + wait;
    while (true) {
      for (std::size_t i = 0; i < positions_.size(); ++i) {
        auto& position = positions_[(turn_ + i) % positions_.size()];
        if (position.offset >= position.end) continue;
        turn_ = (turn_ + i + 1) % positions_.size();
        return fetch(position);
      }
      std::uint64_t seen;
      {
        const std::lock_guard lock(signal_->mutex);
        seen = signal_->appends;
      }
      TL_ASSIGN(const bool more, refresh_ends());
      if (more) continue;
      const auto now = std::chrono::steady_clock::now();
      if (now >= deadline) return Chunk{};
      std::unique_lock lock(signal_->mutex);
      signal_->appended.wait_until(lock, std::min(deadline, now + foreign_writer_check),
                                   [&] { return signal_->appends != seen; });
    }
  }

 private:
  struct Position {
    std::int64_t topic;
    TopicPartition where;
    std::int64_t offset;
    std::int64_t start;
    std::int64_t end;
  };

  Result<bool> refresh_ends() {
    bool more = false;
    while (true) {
      TL_ASSIGN(const bool row, ends_.step());
      if (!row) break;
      for (auto& position : positions_) {
        if (position.topic != ends_.integer(0) || position.where.partition != ends_.integer(1))
          continue;
        position.start = ends_.integer(2);
        position.end = ends_.integer(3);
        more = more || position.offset < position.end;
      }
    }
    ends_.reset();
    return more;
  }

  Result<Chunk> fetch(Position& position) {
    if (position.offset < position.start) {
      return make_error(
          Errc::not_found, "offset {} of {}/{} is no longer in the log, which starts at {}",
          position.offset, position.where.topic, position.where.partition, position.start);
    }
    fetch_.bind(1, position.topic).bind(2, position.where.partition).bind(3, position.offset);
    TL_ASSIGN(const bool row, fetch_.step());
    Chunk chunk{position.where, {}, 0, nullptr};
    const std::int64_t base = row ? fetch_.integer(0) : 0;
    if (!row || base + fetch_.integer(1) <= position.offset) {
      fetch_.reset();
      return make_error(Errc::corrupt, "the log lacks offset {} of {}/{}, which it has given out",
                        position.offset, position.where.topic, position.where.partition);
    }
    auto memory = decoder_.decode(fetch_.blob(2), base, chunk.records);
    const std::int64_t count = fetch_.integer(1);
    fetch_.reset();
    if (!memory) {
      return in_context(std::move(memory).error(),
                        fmt::format("{}/{}", position.where.topic, position.where.partition));
    }
    if (static_cast<std::int64_t>(chunk.records.size()) != count) {
      return make_error(
          Errc::corrupt, "the record batch at offset {} of {}/{} holds {} records, not {}", base,
          position.where.topic, position.where.partition, chunk.records.size(), count);
    }
    chunk.memory = *std::move(memory);
    chunk.records.erase(chunk.records.begin(), chunk.records.begin() + (position.offset - base));
    chunk.next_offset = base + count;
    position.offset = chunk.next_offset;
    return chunk;
  }

  Database database_;
  std::shared_ptr<Signal> signal_;
  Statement ends_, fetch_;
  std::map<std::int64_t, std::string> names_;
  std::vector<Position> positions_;
  std::size_t turn_ = 0;
  BatchDecoder decoder_;
};

class LocalLog : public Log {
 public:
  LocalLog(std::string path, Database database)
      : path_(std::move(path)), database_(std::move(database)) {}

  Result<> ensure_topics(std::span<const std::string> names) override {
    const std::lock_guard lock(mutex_);
    TL_ASSIGN(auto transaction, SqliteTransaction::begin(database_));
    TL_ASSIGN(auto insert,
              database_.prepare(
                  "INSERT OR IGNORE INTO topics (name, id, partitions) VALUES (?1, ?2, ?3)"));
    TL_ASSIGN(auto partition,
              database_.prepare("INSERT OR IGNORE INTO partitions (topic, partition) "
                                "SELECT topic, ?2 FROM topics WHERE name = ?1"));
    for (const auto& name : names) {
      const std::string id = new_topic_id();
      TL_TRY(insert.bind(1, name).bind(2, id).bind(3, std::int64_t{partitions_per_topic}).run());
      for (std::int64_t p = 0; p < partitions_per_topic; ++p)
        TL_TRY(partition.bind(1, name).bind(2, p).run());
    }
    return transaction.commit();
  }

  Result<std::vector<TopicInfo>> topics() override {
    const std::lock_guard lock(mutex_);
    return read_topic_infos(database_);
  }

  Result<std::map<TopicPartition, OffsetRange>> offsets() override {
    const std::lock_guard lock(mutex_);
    return read_offsets(database_);
  }

  Result<std::unique_ptr<Writer>> writer() override {
    TL_ASSIGN(auto database, Database::open(path_));
    auto writer = std::make_unique<LocalWriter>(std::move(database), signal_);
    TL_TRY(writer->prepare());
    return writer;
  }

  Result<std::unique_ptr<Reader>> reader() override {
    TL_ASSIGN(auto database, Database::open(path_));
    auto reader = std::make_unique<LocalReader>(std::move(database), signal_);
    TL_TRY(reader->prepare());
    return reader;
  }

  Result<> trim(std::int64_t appended_before_us,
                const std::map<TopicPartition, std::int64_t>& keep_from) override {
    const std::lock_guard lock(mutex_);
    TL_ASSIGN(auto transaction, SqliteTransaction::begin(database_));
    TL_ASSIGN(auto remove,
              database_.prepare(
                  "DELETE FROM batches WHERE topic = (SELECT topic FROM topics WHERE name = "
                  "?1) AND partition = ?2 AND append_us < ?3 AND base_offset + count <= ?4"));
    TL_ASSIGN(
        auto start,
        database_.prepare(
            "UPDATE partitions SET start_offset = coalesce((SELECT min(base_offset) FROM batches b "
            "WHERE b.topic = partitions.topic AND b.partition = partitions.partition), "
            "next_offset) "
            "WHERE topic = (SELECT topic FROM topics WHERE name = ?1) AND partition = ?2"));
    for (const auto& [where, offset] : keep_from) {
      TL_TRY(remove.bind(1, where.topic)
                 .bind(2, std::int64_t{where.partition})
                 .bind(3, appended_before_us)
                 .bind(4, offset)
                 .run());
      TL_TRY(start.bind(1, where.topic).bind(2, std::int64_t{where.partition}).run());
    }
    return transaction.commit();
  }

 private:
  std::string path_;
  std::mutex mutex_;  // for database_
  Database database_;
  std::shared_ptr<Signal> signal_ = std::make_shared<Signal>();
};

}  // namespace

Result<std::unique_ptr<Log>> open_local_log(const std::string& path) {
  auto opened = [&]() -> Result<std::unique_ptr<Log>> {
    TL_ASSIGN(auto database, Database::open(path, page_bytes));
    TL_TRY(database.execute(layout));
    return std::make_unique<LocalLog>(path, std::move(database));
  }();
  if (!opened && opened.error().code == Errc::corrupt) {
    return in_context(std::move(opened).error(),
                      "the log is damaged; move the file away and start again, or restore it");
  }
  return opened;
}

}  // namespace tradelake::log
