#include "ops/disk_check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <system_error>

#include <fmt/format.h>

#include "iceberg/random_id.h"
#include "ops/units.h"

namespace tradelake::ops {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t gib = std::int64_t{1} << 30;

struct Limit {
  std::int64_t bytes;    // free, at least
  std::int64_t percent;  // free, at least; but
  std::int64_t enough;   // more free bytes than these are enough, whatever the share
};
constexpr Limit full{gib, 2, 10 * gib}, nearly_full{5 * gib, 10, 50 * gib};
constexpr std::int64_t few_files = 1'000;

bool below(const DiskSpace& disk, const Limit& limit) {
  return disk.free_bytes < limit.bytes ||
         (disk.free_bytes < limit.enough &&
          disk.free_bytes < disk.total_bytes / 100 * limit.percent);
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

fs::path existing(fs::path folder) {
  std::error_code ignored;
  while (!fs::exists(folder, ignored) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

// Makes, fsyncs and removes a file. Nothing: it went well.
std::string try_to_write(const fs::path& folder) {
  const auto path = (folder / fmt::format(".tradelake-doctor-{}", iceberg::random_uuid())).string();
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return reason(errno);
  const bool written =
      ::write(file, path.data(), path.size()) == static_cast<ssize_t>(path.size()) &&
      ::fsync(file) == 0;
  const int error = written ? 0 : errno;
  ::close(file);
  if (::unlink(path.c_str()) != 0 && error == 0) return reason(errno);
  return error == 0 ? std::string() : reason(error);
}

// The same for a folder that is still to be made there.
std::string try_to_make_folder(const fs::path& folder) {
  const auto path = (folder / fmt::format(".tradelake-doctor-{}", iceberg::random_uuid())).string();
  if (::mkdir(path.c_str(), 0700) != 0 || ::rmdir(path.c_str()) != 0) return reason(errno);
  return {};
}

Check not_writable(const Place& place, const std::string& doing, const std::string& why) {
  return {"disk", CheckStatus::failed,
          fmt::format("{} ({}): cannot {}: {}", place.folder.string(), place.what, doing, why),
          "make room, or check owner, permissions and mount of the folder"};
}

}  // namespace

Check judge_space(const DiskSpace& disk) {
  const auto percent = disk.total_bytes == 0 ? 0 : disk.free_bytes * 100 / disk.total_bytes;
  Check check{"disk", CheckStatus::ok,
              fmt::format("{}: {} of {} free ({} %): {}", disk.where, bytes_text(disk.free_bytes),
                          bytes_text(disk.total_bytes), percent, disk.holds)};
  const bool no_files = disk.total_files > 0 && disk.free_files < few_files;
  if (no_files) check.detail += fmt::format("; room for {} more files", disk.free_files);
  if (no_files || below(disk, full)) {
    check.status = CheckStatus::failed;
  } else if (below(disk, nearly_full)) {
    check.status = CheckStatus::warning;
  }
  if (is_trouble(check))
    check.action = "make room on this file system, or move the lake to a larger one";
  return check;
}

Result<DiskSpace> space_of(const fs::path& folder) {
  struct statvfs room{};
  const auto there = existing(folder);
  if (::statvfs(there.c_str(), &room) != 0)
    return make_error(Errc::io, "{}: {}", there.string(), reason(errno));
  const auto block = static_cast<std::int64_t>(room.f_frsize);
  return DiskSpace{there.string(),
                   "",
                   static_cast<std::int64_t>(room.f_bavail) * block,
                   static_cast<std::int64_t>(room.f_blocks) * block,
                   static_cast<std::int64_t>(room.f_favail),
                   static_cast<std::int64_t>(room.f_files)};
}

std::vector<Check> check_disks(const std::vector<Place>& places) {
  std::vector<Check> checks;
  std::map<dev_t, DiskSpace> disks;
  for (const auto& place : places) {
    const auto there = existing(place.folder);
    struct stat status{};
    auto space = space_of(place.folder);
    if (!space || ::stat(there.c_str(), &status) != 0) {
      checks.push_back(
          not_writable(place, "look at it", space ? reason(errno) : space.error().message));
      continue;
    }
    auto& disk = disks.try_emplace(status.st_dev, *space).first->second;
    disk.holds += (disk.holds.empty() ? "" : ", ") + place.what;
    if (!place.writable) continue;
    if (there != place.folder) {
      const auto why = try_to_make_folder(there);
      checks.push_back(why.empty()
                           ? Check{"disk", CheckStatus::info,
                                   fmt::format("{} ({}) does not exist yet; it is made when needed",
                                               place.folder.string(), place.what)}
                           : not_writable(place, "make it", why));
    } else if (const auto why = try_to_write(there); !why.empty()) {
      checks.push_back(not_writable(place, "write", why));
    }
  }
  std::vector<Check> all;
  for (const auto& [device, disk] : disks) all.push_back(judge_space(disk));
  std::ranges::move(checks, std::back_inserter(all));
  return all;
}

}  // namespace tradelake::ops
