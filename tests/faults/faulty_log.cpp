#include "faults/faulty_log.h"

namespace tradelake::faults {

using log::TopicPartition;

class FaultyWriter final : public log::Writer {
 public:
  FaultyWriter(std::unique_ptr<log::Writer> writer, iceberg::Faults& faults)
      : writer_(std::move(writer)), faults_(faults) {}

  // A lost answer ends the writer (io): who asks again under the same name would append twice, so
  // a replay has to look at its progress first.
  Result<> append(std::span<const log::NewRecord> records, std::string_view source) override {
    return faults_.effect(Errc::io, [&] { return writer_->append(records, source); });
  }
  Result<std::map<TopicPartition, std::int64_t>> source_progress(std::string_view source) override {
    return writer_->source_progress(source);
  }

 private:
  std::unique_ptr<log::Writer> writer_;
  iceberg::Faults& faults_;
};

class FaultyReader final : public log::Reader {
 public:
  FaultyReader(std::unique_ptr<log::Reader> reader, FaultyLog& log)
      : reader_(std::move(reader)), log_(log) {}

  Result<> join(const std::string& group, std::span<const std::string> topics,
                log::GroupMember& member) override {
    return reader_->join(group, topics, member);
  }
  void seek(const std::map<TopicPartition, std::int64_t>& next_offsets) override {
    reader_->seek(next_offsets);
  }
  void tell_committed(const std::map<TopicPartition, std::int64_t>& next_offsets) override {
    reader_->tell_committed(next_offsets);
  }
  bool shares() const override { return reader_->shares(); }
  void assign(const std::map<TopicPartition, std::int64_t>& next_offsets) override {
    reader_->assign(next_offsets);
  }

  Result<log::Chunk> poll(std::chrono::milliseconds wait) override {
    log_.faults_.step();
    log_.before_poll(++log_.polls_);
    if (log_.chance(log_.options_.error)) return make_error(Errc::unavailable, "simulated failure");
    if (log_.chance(log_.options_.pause)) return log::Chunk{};
    TL_ASSIGN(auto chunk, reader_->poll(wait));
    if (chunk.where.topic.empty()) {
      log_.at_end(++log_.at_end_);
      return chunk;
    }
    log_.at_end_ = 0;
    if (chunk.records.size() > 1 && log_.chance(log_.options_.cut)) cut(chunk);
    return chunk;
  }

 private:
  // Some records, and the rest next time. Where to go on may be in a gap before the next record.
  void cut(log::Chunk& chunk) {
    const auto kept = 1 + log_.random_() % (chunk.records.size() - 1);
    const auto last = chunk.records[kept - 1].offset, next = chunk.records[kept].offset;
    chunk.next_offset =
        last + 1 +
        static_cast<std::int64_t>(log_.random_() % static_cast<std::uint64_t>(next - last));
    chunk.records.resize(kept);
    reader_->seek({{chunk.where, chunk.next_offset}});
  }

  std::unique_ptr<log::Reader> reader_;
  FaultyLog& log_;
};

Result<> FaultyLog::ensure_topics(std::span<const std::string> names) {
  return faults_.effect(Errc::unavailable, [&] { return log_.ensure_topics(names); });
}

Result<std::unique_ptr<log::Writer>> FaultyLog::writer() {
  TL_ASSIGN(auto writer, log_.writer());
  return std::make_unique<FaultyWriter>(std::move(writer), faults_);
}

Result<std::unique_ptr<log::Reader>> FaultyLog::reader() {
  TL_ASSIGN(auto reader, log_.reader());
  return std::make_unique<FaultyReader>(std::move(reader), *this);
}

}  // namespace tradelake::faults
