#include "ops/warehouse_check.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <fmt/format.h>

#include "core/time.h"
#include "feed/http_client.h"
#include "iceberg/random_id.h"
#include "ops/disk_check.h"
#include "ops/units.h"

namespace tradelake::ops {
namespace {

constexpr double s3_silence_s = 4;  // tried twice: it must say so before the look's time is over

Check failed(const Error& error) {
  std::string action = "check the permissions on the folder, or correct --warehouse";
  // S3's errors end in what to check, where the server has said enough.
  if (const auto advice = error.message.rfind("; "); advice != std::string::npos)
    action = error.message.substr(advice + 2);
  if (error.code == Errc::invalid_argument) action = "set what it names (docs/operations.md)";
  return {"warehouse", CheckStatus::failed, error.message, std::move(action)};
}

// Not FileIo::read(), which may know the bytes without asking.
Result<std::string> stored_bytes(iceberg::FileIo& io, const std::string& uri) {
  TL_ASSIGN(const auto file, io.open(uri));
  const auto bytes = file->ReadAt(0, file->GetSize().ValueOr(0));
  if (!bytes.ok()) return make_error(Errc::io, "{}", bytes.status().message());
  return (*bytes)->ToString();
}

struct Times {
  std::int64_t write_us = 0, read_us = 0, remove_us = 0;
};

std::expected<Times, Check> write_read_remove(iceberg::FileIo& io, const std::string& warehouse) {
  const auto id = iceberg::random_uuid();
  const auto uri = fmt::format("{}/tradelake-doctor-{}.probe", warehouse, id);
  Times took;
  const auto timed = [](std::int64_t& into, auto work) {
    const std::int64_t before_us = now_us();
    auto result = work();
    into = now_us() - before_us;
    return result;
  };
  const auto written = timed(took.write_us, [&] { return io.write_new(uri, id); });
  if (!written) return std::unexpected(failed(written.error()));
  const auto read = timed(took.read_us, [&] { return stored_bytes(io, uri); });
  const auto removed = timed(took.remove_us, [&] { return io.remove(uri); });
  if (!read) return std::unexpected(failed(read.error()));
  if (!removed) return std::unexpected(failed(removed.error()));
  if (*read != id) {
    return std::unexpected(Check{"warehouse", CheckStatus::failed,
                                 uri + " came back with other bytes than were written",
                                 "find out what stands between us and the server"});
  }
  if (const auto still = io.open(uri); still || still.error().code != Errc::not_found) {
    return std::unexpected(
        Check{"warehouse", CheckStatus::failed,
              still ? uri + " is still there after it was removed" : still.error().message,
              "switch off versioning or retention of the bucket"});
  }
  return took;
}

void try_out(WarehouseLook& look, const std::string& warehouse) {
  const auto took = write_read_remove(*look.io, warehouse);
  if (!took) {
    look.checks.push_back(took.error());
    return;
  }
  look.checks.push_back({"warehouse", CheckStatus::ok,
                         fmt::format("{}: writes in {}, reads in {}, removes in {}", warehouse,
                                     time_text(took->write_us), time_text(took->read_us),
                                     time_text(took->remove_us))});
}

WarehouseLook look_at_s3(const std::string& warehouse, const Result<iceberg::S3Access>& s3) {
  WarehouseLook look;
  if (!s3) {
    look.checks.push_back(failed(s3.error()));
    return look;
  }
  auto access = *s3;
  access.silence_timeout_s = s3_silence_s;
  auto io = iceberg::make_s3_file_io(access, warehouse);
  if (!io) {
    look.checks.push_back(failed(io.error()));
    return look;
  }
  look.io = *std::move(io);
  try_out(look, warehouse);
  return look;
}

WarehouseLook look_at_folder(const std::filesystem::path& folder, const std::string& warehouse) {
  WarehouseLook look;
  auto io = iceberg::make_local_file_io();
  if (!io) {
    look.checks.push_back(failed(io.error()));
    return look;
  }
  look.io = *std::move(io);
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) {
    look.checks.push_back({"warehouse", CheckStatus::info,
                           folder.string() + " does not exist yet; it is made when needed"});
    return look;
  }
  // What the disk's check says already.
  const auto room = space_of(folder);
  if (room && room->free_bytes == 0) {
    look.checks.push_back(
        {"warehouse", CheckStatus::skipped, warehouse + ": not tried, as its disk is full"});
    return look;
  }
  try_out(look, warehouse);
  return look;
}

}  // namespace

WarehouseLook look_at_warehouse(const LakeAddresses& lake, const Result<iceberg::S3Access>& s3) {
  return lake.warehouse_in_s3() ? look_at_s3(lake.warehouse_uri, s3)
                                : look_at_folder(lake.warehouse_folder(), lake.warehouse_uri);
}

std::optional<ClockReading> s3_clock(const iceberg::S3Access& s3) {
  const auto endpoint = feed::parse_endpoint(
      s3.host.empty() ? fmt::format("https://s3.{}.amazonaws.com", s3.region) : s3.shown());
  if (!endpoint) return std::nullopt;
  feed::HttpOptions options;
  options.trust.ca_file = s3.ca_file;
  const std::int64_t before_us = now_us();
  const auto answer = feed::http_get(*endpoint, "/", options);
  const std::int64_t after_us = now_us();
  const auto date_us = answer ? http_date_us(answer->date) : std::nullopt;
  if (!date_us) return std::nullopt;
  return clock_reading("the S3 server", before_us, *date_us + us_per_second, after_us,
                       us_per_second);
}

}  // namespace tradelake::ops
