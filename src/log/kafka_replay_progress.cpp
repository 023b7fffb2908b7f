#include "log/kafka_replay_progress.h"

#include <charconv>

#include "log/kafka_offsets.h"
#include "log/kafka_reader.h"
#include "log/topic.h"

namespace tradelake::log {
namespace {

using namespace std::chrono_literals;
constexpr auto poll_wait = 50ms;
const TopicPartition progress_partition{std::string(replay_progress_topic), 0};

template <class T>
bool parse(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::string progress_key(std::string_view source, const TopicPartition& where) {
  return fmt::format("{}/{}/{}", source, where.topic, where.partition);
}

std::string owner_key(std::string_view source) {
  return fmt::format("{}/owner", source);
}

Result<ReplayState> ReplayProgressReader::read(std::chrono::steady_clock::time_point deadline) {
  if (!reader_) TL_TRY(start());
  while (next_ < end_) {
    if (std::chrono::steady_clock::now() >= deadline)
      return make_error(Errc::unavailable, "the progress of replays cannot be read to its end yet");
    TL_ASSIGN(const auto chunk, reader_->poll(poll_wait));
    for (const auto& record : chunk.records) TL_TRY(take(record));
    next_ = std::max(next_, chunk.next_offset);
  }
  reader_.reset();
  return std::move(state_);
}

Result<> ReplayProgressReader::start() {
  TL_ASSIGN(const auto offsets, query_offsets(client_, {progress_partition}));
  const auto& range = offsets.at(progress_partition);
  TL_ASSIGN(auto reader, open_kafka_reader(address_));
  reader->assign({{progress_partition, range.start}});
  state_ = {};
  next_ = range.start;
  end_ = range.end;
  reader_ = std::move(reader);
  return {};
}

Result<> ReplayProgressReader::take(const Record& record) {
  auto key = record.key;
  if (!key.starts_with(source_) || key.substr(source_.size(), 1) != "/") return {};
  if (key == owner_key(source_)) {
    state_.owner = record.value;
    return {};
  }
  key.remove_prefix(source_.size() + 1);
  const auto slash = key.rfind('/');
  TopicPartition where;
  std::int64_t n = 0;
  if (slash == std::string_view::npos || !parse(key.substr(slash + 1), where.partition) ||
      !parse(record.value, n)) {
    return make_error(Errc::corrupt, "{} at offset {} is not a record of replay progress",
                      replay_progress_topic, record.offset);
  }
  where.topic = key.substr(0, slash);
  state_.taken[where] = n;
  return {};
}

}  // namespace tradelake::log
