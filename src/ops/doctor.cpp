#include "ops/doctor.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

#include "core/time.h"
#include "iceberg/s3_connection.h"
#include "ops/catalog_check.h"
#include "ops/clock_check.h"
#include "ops/dead_letter_check.h"
#include "ops/disk_check.h"
#include "ops/log_check.h"
#include "ops/looks.h"
#include "ops/memory_check.h"
#include "ops/orphan_check.h"
#include "ops/pipeline_check.h"
#include "ops/table_check.h"
#include "ops/table_heads.h"
#include "ops/warehouse_check.h"

namespace tradelake::ops {
namespace {

namespace fs = std::filesystem;

std::vector<Place> places(const LakeAddresses& lake) {
  std::vector<Place> places{{lake.data_dir, "data directory", true}};
  if (lake.has_log_here()) places.push_back({fs::path(lake.log_file).parent_path(), "log"});
  if (!lake.catalog_file.empty()) {
    const auto folder = fs::absolute(lake.catalog_file).parent_path();
    places.push_back({folder, "catalog", folder != lake.data_dir});
  }
  if (!lake.warehouse_in_s3()) places.push_back({lake.warehouse_folder(), "warehouse"});
  return places;
}

// What looks of the first two rounds leave to the others. Each look keeps what it uses alive.
struct Parts {
  LogLook log;
  CatalogLook catalog;
  WarehouseLook warehouse;
  std::shared_ptr<const TableHeads> heads;
};

class Doctor {
 public:
  explicit Doctor(const DoctorOptions& options)
      : options_(options), end_(std::chrono::steady_clock::now() + options.most) {}

  Diagnosis run() {
    look_at_parts();
    look_at_heads();
    look_into_tables();
    add_clock();
    diagnosis_.hangs = looks_.any_left();
    return std::move(diagnosis_);
  }

 private:
  void look_at_parts() {
    const auto& lake = options_.lake;
    Result<iceberg::S3Access> s3 = make_error(Errc::not_found, "the warehouse is not in S3");
    if (lake.warehouse_in_s3()) {
      s3 = iceberg::s3_access(options_.environment);
      // Starts the library, which changes the environment, before there are other threads.
      if (s3) (void)iceberg::connect_s3(*s3);
    }
    const auto disks = looks_.start([lake] { return check_disks(places(lake)); });
    const auto log = looks_.start([lake] { return look_at_log(lake); });
    const auto catalog = looks_.start([lake] { return look_at_catalog(lake); });
    const auto warehouse = looks_.start([lake, s3] { return look_at_warehouse(lake, s3); });
    const auto source = looks_.start([source = options_.source] { return look_at_source(source); });
    const auto s3_time =
        looks_.start([s3]() { return s3 ? s3_clock(*s3) : std::optional<ClockReading>(); });
    looks_.wait(time_for_a_round());

    if (const auto* found = in_time("disk", disks)) add(*found);
    add({check_memory()});
    if (const auto* found = in_time("log", log)) add((parts_.log = *found).checks);
    if (const auto* found = in_time("catalog", catalog)) {
      add((parts_.catalog = *found).checks);
      take(found->clock);
    }
    if (const auto* found = in_time("warehouse", warehouse))
      add((parts_.warehouse = *found).checks);
    if (const auto* found = in_time("exchange", source)) {
      add(found->checks);
      take(found->clock);
    }
    if (const auto* found = s3_time.value()) take(*found);
    take(kernel_clock());
  }

  void look_at_heads() {
    const auto& catalog = parts_.catalog;
    if (catalog.not_made) {
      // What a catalog that is still empty would say.
      TableHeads none;
      for (const auto* pipeline : pipelines) none.progress[pipeline];
      parts_.heads = std::make_shared<const TableHeads>(std::move(none));
    }
    if (catalog.catalog == nullptr || parts_.warehouse.io == nullptr) return;
    const auto look = looks_.start([catalog, warehouse = parts_.warehouse] {
      return read_heads(*catalog.catalog, *warehouse.io, catalog.tables);
    });
    looks_.wait(time_for_a_round());
    const auto* heads = in_time("tables", look);
    if (heads == nullptr) return;
    if (!*heads) {
      add({{"tables", CheckStatus::failed, heads->error().message, "see the catalog"}});
      return;
    }
    parts_.heads = std::make_shared<const TableHeads>(**heads);
    add(judge_heads(*parts_.heads));
  }

  void look_into_tables() {
    if (parts_.heads == nullptr) {
      for (const auto* name : {"pipelines", "tables", "dead letters", "orphans"})
        add({{name, CheckStatus::skipped, "needs the catalog and the warehouse"}});
      return;
    }
    const bool log_is_lost = parts_.log.view == nullptr && !parts_.log.not_made;
    const bool has_tables = !parts_.heads->tables.empty();
    const auto now = right_now_us();
    const auto deadline = std::chrono::steady_clock::now() + time_for_a_round() * 8 / 10;
    PipelineLook standing{now, options_.stale_after_us, !options_.lake.has_log_here(),
                          parts_.log.missing_topics};
    using Checks = std::vector<Check>;
    Look<Checks> pipelines, tables;
    Look<Check> dead_letters, orphans;
    if (!log_is_lost) {
      pipelines = looks_.start([parts = parts_, standing] {
        return check_pipelines(parts.log.view.get(), *parts.heads, standing);
      });
    }
    if (has_tables) {
      tables = looks_.start([parts = parts_, now, deadline] {
        return check_tables(*parts.catalog.catalog, *parts.warehouse.io, *parts.heads, now,
                            deadline);
      });
      dead_letters = looks_.start([parts = parts_, now, deadline] {
        return check_dead_letters(*parts.warehouse.io, *parts.heads, now, deadline);
      });
      orphans = looks_.start([parts = parts_, now, deadline] {
        return check_orphans(*parts.warehouse.io, *parts.heads, now, deadline);
      });
    }
    looks_.wait(time_for_a_round());
    if (log_is_lost) {
      add({{"pipelines", CheckStatus::skipped, "needs the log"}});
    } else if (const auto* found = in_time("pipelines", pipelines)) {
      add(*found);
    }
    if (!has_tables) return;
    if (const auto* found = in_time("tables", tables)) add(*found);
    if (const auto* found = in_time("dead letters", dead_letters)) add({*found});
    // A warehouse with very many files; nothing is wrong with that.
    const auto* found = orphans.value();
    add({found != nullptr ? *found : Check{"orphans", CheckStatus::info, orphans.reason()}});
  }

  void add_clock() {
    // A commit of the future: its writer's clock was wrong, or ours is.
    const auto newest_us = parts_.heads == nullptr ? 0 : newest_snapshot_us(*parts_.heads);
    const auto now = now_us();
    if (newest_us > now) take(clock_reading("the newest commit", now, newest_us, now));
    diagnosis_.checks.insert(diagnosis_.checks.begin(), judge_clock(readings_));
  }

  // Ages are told by a clock that is right, or a wrong one would make everything else look wrong.
  std::int64_t right_now_us() const {
    const auto* furthest = worst(readings_);
    const bool wrong =
        furthest != nullptr && std::abs(furthest->certain_skew_us()) > worrying_skew_us;
    return now_us() + (wrong ? furthest->ahead_us : 0);
  }

  std::chrono::milliseconds time_for_a_round() const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end_ - std::chrono::steady_clock::now());
    return std::min(options_.patience, std::max(left, std::chrono::milliseconds(0)));
  }

  void add(const std::vector<Check>& checks) {
    diagnosis_.checks.insert(diagnosis_.checks.end(), checks.begin(), checks.end());
  }
  void take(const std::optional<ClockReading>& reading) {
    if (reading) readings_.push_back(*reading);
  }
  template <class T>
  const T* in_time(const char* name, const Look<T>& look) {
    const auto* found = look.value();
    if (found == nullptr) {
      add({{name, CheckStatus::failed, look.reason(),
            "find out what hangs there: a disk, the network, a server under load"}});
    }
    return found;
  }

  const DoctorOptions& options_;
  const std::chrono::steady_clock::time_point end_;
  Looks looks_;
  Parts parts_;
  std::vector<ClockReading> readings_;
  Diagnosis diagnosis_;
};

}  // namespace

Diagnosis diagnose(const DoctorOptions& options) {
  return Doctor(options).run();
}

}  // namespace tradelake::ops
