#include "faults/fake_log.h"

#include <algorithm>

#include "log/topic.h"

namespace tradelake::faults {

using log::TopicPartition;

class FakeWriter final : public log::Writer {
 public:
  FakeWriter(FakeLog& log, int number) : log_(log), number_(number) {}

  Result<> append(std::span<const log::NewRecord> records, std::string_view source) override {
    const std::lock_guard lock(log_.mutex_);
    if (!source.empty() && log_.owners_[std::string(source)] != number_)
      return make_error(Errc::fenced, "another writer has taken over the source");
    std::vector<TopicPartition> used;
    for (const auto& record : records) {
      TopicPartition where{std::string(record.topic), log::partition_of(record.key)};
      const auto found = log_.partitions_.find(where);
      if (found == log_.partitions_.end())
        return make_error(Errc::invalid_argument, "topic {} is not declared", record.topic);
      auto& partition = found->second;
      partition.records.push_back(
          {partition.end++, record.headers, std::string(record.headers.category),
           std::string(record.headers.conn), std::string(record.key), std::string(record.value)});
      if (!source.empty()) {
        auto& n = log_.sources_[std::string(source)][where];
        n = std::max(n, record.source_n);
      }
      if (std::ranges::find(used, where) == used.end()) used.push_back(std::move(where));
    }
    for (const auto& where : used) log_.partitions_.at(where).end += log_.options_.gap;
    return {};
  }

  Result<std::map<TopicPartition, std::int64_t>> source_progress(std::string_view source) override {
    const std::lock_guard lock(log_.mutex_);
    log_.owners_[std::string(source)] = number_;
    const auto found = log_.sources_.find(source);
    return found == log_.sources_.end() ? std::map<TopicPartition, std::int64_t>{} : found->second;
  }

 private:
  FakeLog& log_;
  const int number_;
};

class FakeReader final : public log::Reader {
 public:
  explicit FakeReader(FakeLog& log) : log_(log) {}
  ~FakeReader() override {
    if (group_ == nullptr) return;
    const std::lock_guard lock(log_.mutex_);
    group_->members.leave(id_);
    std::erase(group_->present, id_);
  }

  Result<> join(const std::string& group, std::span<const std::string> topics,
                log::GroupMember& member) override {
    std::vector<TopicPartition> all;
    {
      const std::lock_guard lock(log_.mutex_);
      for (const auto& [where, partition] : log_.partitions_) {
        if (std::ranges::find(topics, where.topic) != topics.end()) all.push_back(where);
      }
    }
    if (!log_.options_.shares) {
      TL_ASSIGN(next_, member.take(all));
      return {};
    }
    const std::lock_guard lock(log_.mutex_);
    group_ = &log_.groups_[group];
    id_ = group_->members.join(all);
    group_->present.push_back(id_);
    member_ = &member;
    return {};
  }

  void seek(const std::map<TopicPartition, std::int64_t>& next_offsets) override {
    for (const auto& [where, offset] : next_offsets) {
      if (const auto found = next_.find(where); found != next_.end()) found->second = offset;
    }
  }
  void tell_committed(const std::map<TopicPartition, std::int64_t>&) override {}
  bool shares() const override { return group_ != nullptr; }
  void assign(const std::map<TopicPartition, std::int64_t>& next_offsets) override {
    next_ = next_offsets;
  }

  Result<log::Chunk> poll(std::chrono::milliseconds) override {
    TL_TRY(rebalance());
    const std::lock_guard lock(log_.mutex_);
    for (std::size_t i = 0; i < next_.size(); ++i) {
      const auto turn =
          std::next(next_.begin(), static_cast<std::ptrdiff_t>(turn_++ % next_.size()));
      const auto& partition = log_.partitions_.at(turn->first);
      if (turn->second >= partition.end) continue;
      auto chunk = chunk_of(turn->first, partition, turn->second);
      turn->second = chunk.next_offset;
      return chunk;
    }
    return log::Chunk{};
  }

 private:
  // One step after the other until nothing is left to do; members are called without the lock, as
  // they commit meanwhile.
  Result<> rebalance() {
    while (group_ != nullptr) {
      FakeGroup::Change change;
      {
        const std::lock_guard lock(log_.mutex_);
        change = group_->members.next(id_);
      }
      if (change.none()) break;
      if (!change.lost.empty()) give_up(change.lost, true);
      if (!change.give_up.empty()) give_up(change.give_up, false);
      if (change.take.empty()) continue;
      TL_ASSIGN(const auto taken, member_->take(change.take));
      for (const auto& where : change.take) next_[where] = taken.at(where);
    }
    return {};
  }

  void give_up(const FakeGroup::Partitions& partitions, bool lost) {
    member_->give_up(partitions, lost);
    for (const auto& where : partitions) next_.erase(where);
    if (lost) return;
    const std::lock_guard lock(log_.mutex_);
    group_->members.released(id_, partitions);
  }

  // The views point into copies, with the 64 readable bytes that a Record promises.
  static log::Chunk chunk_of(const TopicPartition& where, const FakeLog::Partition& partition,
                             std::int64_t from) {
    constexpr std::size_t padding = 64;
    const auto memory = std::make_shared<std::vector<FakeLog::Stored>>();
    for (const auto& stored : partition.records) {
      if (stored.offset >= from) memory->push_back(stored);
    }
    log::Chunk chunk{where, {}, partition.end, memory};
    for (auto& kept : *memory) {
      const auto bytes = kept.value.size();
      kept.value.resize(bytes + padding);
      auto headers = kept.headers;
      headers.category = kept.category;
      headers.conn = kept.conn;
      chunk.records.push_back(
          {kept.offset, headers, kept.key, std::string_view(kept.value).substr(0, bytes)});
    }
    return chunk;
  }

  FakeLog& log_;
  FakeLog::Group* group_ = nullptr;
  int id_ = 0;
  log::GroupMember* member_ = nullptr;
  std::map<TopicPartition, std::int64_t> next_;
  std::size_t turn_ = 0;
};

Result<> FakeLog::ensure_topics(std::span<const std::string> names) {
  const std::lock_guard lock(mutex_);
  for (const auto& name : names) {
    if (!topic_ids_.try_emplace(name, "id-of-" + name).second) continue;
    for (std::int32_t p = 0; p < log::partitions_per_topic; ++p) partitions_[{name, p}];
  }
  return {};
}

Result<std::vector<log::TopicInfo>> FakeLog::topics() {
  const std::lock_guard lock(mutex_);
  std::vector<log::TopicInfo> infos;
  for (const auto& [name, id] : topic_ids_) infos.push_back({name, id, log::partitions_per_topic});
  return infos;
}

Result<std::map<TopicPartition, log::OffsetRange>> FakeLog::offsets() {
  const std::lock_guard lock(mutex_);
  std::map<TopicPartition, log::OffsetRange> ranges;
  for (const auto& [where, partition] : partitions_) ranges[where] = {0, partition.end};
  return ranges;
}

Result<std::unique_ptr<log::Writer>> FakeLog::writer() {
  const std::lock_guard lock(mutex_);
  return std::make_unique<FakeWriter>(*this, ++writers_);
}

Result<std::unique_ptr<log::Reader>> FakeLog::reader() {
  return std::make_unique<FakeReader>(*this);
}

void FakeLog::expire_members() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, group] : groups_) {
    for (const auto member : group.present) group.members.expire(member);
  }
}

}  // namespace tradelake::faults
