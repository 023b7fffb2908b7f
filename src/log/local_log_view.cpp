#include <chrono>
#include <mutex>

#include "core/sqlite.h"
#include "log/local_log_rows.h"
#include "log/log_view.h"

namespace tradelake::log {
namespace {

// A large file is looked at as far as that goes.
constexpr std::chrono::seconds quick_check_for{3};

class LocalLogView : public LogView {
 public:
  LocalLogView(std::string path, Database database)
      : path_(std::move(path)), database_(std::move(database)) {}

  // On a connection of its own: it ends in the middle if it takes too long.
  Result<std::string> description() override {
    TL_ASSIGN(auto database, Database::open_to_look(path_));
    database.stop_after(quick_check_for);
    TL_ASSIGN(auto check, database.prepare("PRAGMA quick_check(1)"));
    auto row = check.step();
    if (!row && row.error().code == Errc::cancelled)
      return fmt::format("sound as far as {} s of checking went", quick_check_for.count());
    TL_TRY(row);
    if (check.text(0) != "ok") return make_error(Errc::corrupt, "{}: {}", path_, check.text(0));
    return "sound";
  }

  Result<std::vector<TopicInfo>> topics() override {
    const std::lock_guard lock(mutex_);
    return read_topic_infos(database_);
  }

  Result<LogRanges> offsets() override {
    const std::lock_guard lock(mutex_);
    return read_offsets(database_);
  }

  Result<std::vector<TopicPartition>> waiting_since(std::int64_t appended_before_us,
                                                    const NextOffsets& next) override {
    const std::lock_guard lock(mutex_);
    TL_ASSIGN(auto append_time,
              database_.prepare(
                  "SELECT append_us FROM batches WHERE topic = (SELECT topic FROM topics WHERE "
                  "name = ?1) AND partition = ?2 AND base_offset <= ?3 "
                  "ORDER BY base_offset DESC LIMIT 1"));
    std::vector<TopicPartition> waiting;
    for (const auto& [where, offset] : next) {
      append_time.bind(1, where.topic).bind(2, std::int64_t{where.partition}).bind(3, offset);
      TL_ASSIGN(const bool any, append_time.step());
      if (any && append_time.integer(0) < appended_before_us) waiting.push_back(where);
      append_time.reset();
    }
    return waiting;
  }

 private:
  std::string path_;
  std::mutex mutex_;  // for database_
  Database database_;
};

}  // namespace

Result<std::unique_ptr<LogView>> view_local_log(const std::string& path) {
  TL_ASSIGN(auto database, Database::open_to_look(path));
  return std::make_unique<LocalLogView>(path, std::move(database));
}

}  // namespace tradelake::log
