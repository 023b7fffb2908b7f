#include "faults/world.h"

#include <fstream>
#include <stdexcept>

#include "iceberg/random_id.h"

namespace tradelake::faults {
namespace {

namespace fs = std::filesystem;

// Whoever writes, and however.
constexpr const char* remember_moves = R"sql(
CREATE TABLE pointer_moves (n INTEGER PRIMARY KEY, table_namespace VARCHAR, table_name VARCHAR);
CREATE TRIGGER pointer_moved AFTER UPDATE OF metadata_location ON iceberg_tables BEGIN
  INSERT INTO pointer_moves (table_namespace, table_name) VALUES (new.table_namespace, new.table_name);
END;
)sql";

// In memory where that can be had: nothing here is about power cuts.
fs::path temporary_folder() {
  const fs::path memory = "/dev/shm";
  std::error_code none;
  const auto root = fs::is_directory(memory, none) ? memory : fs::temp_directory_path();
  return root / ("tradelake-faults-" + iceberg::random_uuid());
}

}  // namespace

World::World(const InputOptions& options, const FakeLogOptions& log_options)
    : input(make_input(options)),
      gaps(make_gaps(options)),
      log(log_options),
      folder_(temporary_folder()) {
  fs::create_directories(folder_);
  for (std::size_t n = 0; n < input.size(); ++n)
    std::ofstream(capture(n), std::ios::binary) << capture_text(input[n]);
  // The catalog's tables are there before anything fails.
  const auto made = iceberg::open_sqlite_catalog(folder_ / "catalog.db", catalog_name);
  if (!made) throw std::runtime_error(made.error().message);
  const auto remembers = (*session())->script(remember_moves);
  if (!remembers) throw std::runtime_error(remembers.error().message);
}

std::vector<iceberg::TableIdent> World::pointer_moves() const {
  const auto session = *this->session();
  std::vector<iceberg::TableIdent> moves;
  if (!session->begin(iceberg::SqlSession::Access::read)) return moves;
  const auto rows =
      session->query("SELECT table_namespace, table_name FROM pointer_moves ORDER BY n", {});
  if (rows) {
    for (const auto& row : *rows)
      moves.push_back({std::get<std::string>(row[0]), std::get<std::string>(row[1])});
  }
  session->rollback();
  return moves;
}

void World::append_gaps(std::size_t before_capture) {
  std::vector<std::string> topics;
  std::vector<log::NewRecord> records;
  for (const auto& gap : gaps[before_capture]) {
    topics.push_back(gap.topic);
    log::Headers headers;
    headers.recv_ns = gap.recv_ns;
    headers.category = to_string(gap.category);
    headers.kind = log::RecordKind::gap;
    records.push_back({gap.topic, gap.key, headers, gap.text});
  }
  auto done = log.ensure_topics(topics);
  if (done) done = (*log.writer())->append(records, "");
  if (!done) throw std::runtime_error(done.error().message);
}

Result<std::unique_ptr<iceberg::SqlSession>> World::session() const {
  return iceberg::open_sqlite_session(folder_ / "catalog.db");
}

}  // namespace tradelake::faults
