#include "ops/catalog_check.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "core/time.h"
#include "iceberg/sql_session.h"
#include "ops/units.h"

namespace tradelake::ops {
namespace {

using iceberg::SqlSession;
using iceberg::SqlValue;

std::string text(const SqlValue& value) {
  const auto* found = std::get_if<std::string>(&value);
  return found != nullptr ? *found : std::string();
}

Check failed(const Error& error, std::string action) {
  return {"catalog", CheckStatus::failed, error.message, std::move(action)};
}

Result<std::vector<iceberg::LayoutGap>> read_layout(SqlSession& session) {
  TL_TRY(session.begin(SqlSession::Access::read));
  auto gaps = iceberg::layout_gaps(session);
  session.rollback();
  return gaps;
}

// Every pointer, read as a pipeline reads it.
Check read_pointers(CatalogLook& look) {
  const auto tables = look.catalog->list_tables();
  if (!tables) return failed(tables.error(), "look into the database's log");
  look.tables = *tables;
  for (const auto& table : *tables) {
    const auto location = look.catalog->metadata_location(table);
    if (!location)
      return failed(location.error(), "restore the row of iceberg_tables, or drop the table");
  }
  return {"catalog tables", CheckStatus::ok,
          tables->empty() ? "none yet; they are made when needed"
                          : fmt::format("{} with a pointer each", tables->size())};
}

using Open = std::function<Result<std::unique_ptr<SqlSession>>()>;

// What both kinds have, once there is a session.
void look_into(SqlSession& session, const Open& open, CatalogLook& look) {
  const auto gaps = read_layout(session);
  if (!gaps) {
    look.checks.push_back(failed(gaps.error(), "look into the database's log"));
    return;
  }
  look.checks.push_back(judge_layout(*gaps));
  look.not_made = std::ranges::all_of(*gaps, &iceberg::LayoutGap::whole) && !gaps->empty();
  if (!gaps->empty()) return;
  look.catalog = iceberg::catalog_in(open, catalog_name);
  auto pointers = read_pointers(look);
  if (is_trouble(pointers)) look.catalog = nullptr;
  look.checks.push_back(std::move(pointers));
}

Result<std::string> sqlite_version(SqlSession& session) {
  TL_ASSIGN(const auto version, session.query("SELECT sqlite_version()", {}));
  TL_ASSIGN(const auto sound, session.query("PRAGMA quick_check(1)", {}));
  if (text(sound[0][0]) != "ok")
    return make_error(Errc::corrupt, "the file is damaged: {}", text(sound[0][0]));
  return text(version[0][0]);
}

CatalogLook look_at_sqlite(const std::string& file) {
  CatalogLook look;
  constexpr const char* restore = "restore the file; the warehouse's files are untouched";
  const auto open = [file] { return iceberg::open_sqlite_session_to_look(file); };
  const auto session = open();
  if (!session && session.error().code == Errc::not_found) {
    look.not_made = true;
    look.checks.push_back(
        {"catalog", CheckStatus::info, file + " does not exist yet; it is made when needed"});
    return look;
  }
  if (!session) {
    look.checks.push_back(failed(session.error(), restore));
    return look;
  }
  const auto version = sqlite_version(**session);
  if (!version) {
    look.checks.push_back(
        failed({version.error().code, file + ": " + version.error().message}, restore));
    return look;
  }
  look.checks.push_back(
      {"catalog", CheckStatus::ok, fmt::format("{}: SQLite {}, sound", file, *version)});
  look_into(**session, open, look);
  return look;
}

struct Server {
  std::string version;
  ClockReading clock;
};

Result<Server> ask_server(SqlSession& session) {
  TL_TRY(session.begin(SqlSession::Access::read));
  const std::int64_t before_us = now_us();
  TL_ASSIGN(const auto rows,
            session.query("SELECT current_setting('server_version'),"
                          " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
                          {}));
  const std::int64_t after_us = now_us();
  session.rollback();
  const auto* theirs_us = std::get_if<std::int64_t>(&rows[0][1]);
  return Server{text(rows[0][0]), clock_reading("PostgreSQL", before_us,
                                                theirs_us == nullptr ? 0 : *theirs_us, after_us)};
}

CatalogLook look_at_postgres(const std::string& address) {
  CatalogLook look;
  const auto open = [address] { return iceberg::open_postgres_session(address); };
  const std::int64_t before_us = now_us();
  const auto session = open();
  if (!session) {
    look.checks.push_back(failed(session.error(), connect_advice(session.error().message)));
    return look;
  }
  const std::int64_t connected_us = now_us();
  auto server = ask_server(**session);
  if (!server) {
    look.checks.push_back(failed(server.error(), "look into the database's log"));
    return look;
  }
  const auto answer_us = 2 * server->clock.uncertainty_us;
  look.checks.push_back(
      {"catalog", CheckStatus::ok,
       fmt::format("{}: PostgreSQL {}, lets us in within {}, answers in {}", address,
                   server->version, time_text(connected_us - before_us), time_text(answer_us))});
  look.clock = std::move(server->clock);
  look_into(**session, open, look);
  return look;
}

}  // namespace

std::string connect_advice(const std::string& message) {
  if (message.contains("password") || message.contains("pg_hba.conf")) {
    return "set PGPASSWORD to the password of the address's user (or name its file in "
           "PGPASSWORD_FILE), "
           "and check that the server lets this user in";
  }
  if (message.contains("does not exist"))
    return "make the database or the role, or correct the address (--catalog, TRADELAKE_CATALOG)";
  return "start the server, or correct the address (--catalog, TRADELAKE_CATALOG or `catalog` of "
         "the configuration)";
}

Check judge_layout(const std::vector<iceberg::LayoutGap>& gaps) {
  if (gaps.empty()) return {"catalog layout", CheckStatus::ok, "JDBC V1, and our progress rows"};
  if (std::ranges::all_of(gaps, &iceberg::LayoutGap::whole))
    return {"catalog layout", CheckStatus::info, "no tables yet; they are made when needed"};
  std::string lacks;
  bool damaged = false;
  for (const auto& gap : gaps) {
    if (!lacks.empty()) lacks += "; ";
    if (gap.whole) {
      lacks += gap.table + " is not there";
      continue;
    }
    lacks += fmt::format("{} lacks {}", gap.table, fmt::join(gap.columns, ", "));
    // Java's V0 layout has everything but this; the next run adds it.
    damaged = damaged || gap.columns != std::vector<std::string>{"iceberg_type"};
  }
  if (!damaged) return {"catalog layout", CheckStatus::info, lacks + "; made when needed"};
  return {"catalog layout", CheckStatus::failed, lacks,
          "give tradelake a database of its own, or restore these tables"};
}

CatalogLook look_at_catalog(const LakeAddresses& lake) {
  return lake.postgres.empty() ? look_at_sqlite(lake.catalog_file)
                               : look_at_postgres(lake.postgres);
}

}  // namespace tradelake::ops
