// What outlives a process: the log, the warehouse, the catalog's database, and the input.
//
// Threads: one; its parts as they say. Invariant: nothing here fails; processes see it through the
// faulty twins.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "faults/fake_log.h"
#include "faults/input.h"
#include "iceberg/catalog.h"
#include "iceberg/parquet_memory_io.h"
#include "iceberg/sql_session.h"

namespace tradelake::faults {

class World {
 public:
  World(const InputOptions& input, const FakeLogOptions& log);
  ~World() { std::filesystem::remove_all(folder_); }
  World(const World&) = delete;

  // A SQLite file: another connection is another session of the same database.
  Result<std::unique_ptr<iceberg::SqlSession>> session() const;
  std::string capture(std::size_t n) const { return folder_ / fmt::format("capture-{}", n); }
  std::string spill_directory() const { return folder_; }

  static constexpr const char* warehouse = "file:///warehouse";
  static constexpr const char* catalog_name = "tradelake";

  // Each table whose pointer was moved, in the order of time, as the database saw it.
  std::vector<iceberg::TableIdent> pointer_moves() const;

  // As a collector does that finds out; without fault.
  void append_gaps(std::size_t before_capture);

  const std::vector<std::vector<Frame>> input;
  const std::vector<std::vector<InputGap>> gaps;
  FakeLog log;
  iceberg::MemoryIo files;

 private:
  std::filesystem::path folder_;
};

// Trades concern both pipelines, all else bronze alone.
inline bool is_read_by(std::string_view pipeline, std::string_view topic) {
  return pipeline == "bronze" || topic.ends_with(".publicTrade");
}

}  // namespace tradelake::faults
