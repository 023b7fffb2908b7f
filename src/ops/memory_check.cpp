#include "ops/memory_check.h"

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "ops/units.h"

namespace tradelake::ops {
namespace {

constexpr std::int64_t mib = std::int64_t{1} << 20;
constexpr std::int64_t needed_bytes = 512 * mib, hopeless_bytes = 128 * mib;
// Version 1 says "no limit" by a number that no machine has.
constexpr std::int64_t no_limit_bytes = std::int64_t{1} << 60;

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<std::int64_t> number(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{}) return std::nullopt;
  return value;
}

// The number after `key` at the beginning of a line.
std::optional<std::int64_t> value_of(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    if (line.starts_with(key)) return number(line.substr(key.size()));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return std::nullopt;
}

// The folder of this process's memory group, as /proc/self/cgroup names it; inside a container the
// name is often that of outside, and the group is the root of what is mounted.
std::optional<std::int64_t> available_in_own_group() {
  const auto groups = text_of("/proc/self/cgroup");
  for (const auto& [prefix, root, limit, usage] :
       {std::array{"0::", "/sys/fs/cgroup", "memory.max", "memory.current"},
        std::array{"memory:", "/sys/fs/cgroup/memory", "memory.limit_in_bytes",
                   "memory.usage_in_bytes"}}) {
    const auto at = groups.find(prefix);
    if (at == std::string::npos) continue;
    const auto begin = at + std::string_view(prefix).size();
    const auto name = groups.substr(begin, groups.find('\n', begin) - begin);
    for (const auto& folder : {root + name, std::string(root)}) {
      const auto left =
          available_in_group(text_of(folder + "/" + limit), text_of(folder + "/" + usage),
                             text_of(folder + "/memory.stat"));
      if (left) return left;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> available_in_meminfo(std::string_view meminfo) {
  constexpr std::int64_t kib = 1024;
  const auto value = value_of(meminfo, "MemAvailable:");
  if (!value) return std::nullopt;
  return *value * kib;
}

std::optional<std::int64_t> available_in_group(std::string_view limit, std::string_view usage,
                                               std::string_view statistics) {
  const auto most = number(limit), used = number(usage);  // "max": no number
  if (!most || !used || *most >= no_limit_bytes) return std::nullopt;
  const auto total = value_of(statistics, "total_inactive_file ");  // version 1, with its children
  const auto droppable = total ? total : value_of(statistics, "inactive_file ");
  return std::max<std::int64_t>(*most - *used + droppable.value_or(0), 0);
}

Check judge_memory(const Memory& memory) {
  Check check{
      "memory", CheckStatus::ok,
      fmt::format("{} available, limited by {}; a process needs up to {}",
                  bytes_text(memory.available_bytes), memory.limited_by, bytes_text(needed_bytes))};
  if (memory.available_bytes < needed_bytes) {
    check.status =
        memory.available_bytes < hopeless_bytes ? CheckStatus::failed : CheckStatus::warning;
    check.action = "end what else runs here, or give the machine or its container more memory";
  }
  return check;
}

Check check_memory() {
  const auto machine = available_in_meminfo(text_of("/proc/meminfo"));
  const auto group = available_in_own_group();
  if (!machine && !group)
    return {"memory", CheckStatus::skipped, "the system does not say how much there is"};
  if (group && (!machine || *group < *machine)) return judge_memory({*group, "the control group"});
  return judge_memory({*machine, "the machine"});
}

}  // namespace tradelake::ops
