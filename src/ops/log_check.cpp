#include "ops/log_check.h"

#include <fmt/format.h>

#include "core/time.h"
#include "ops/clock_check.h"
#include "ops/units.h"

namespace tradelake::ops {
namespace {

LogLook unusable(const Error& error, std::string action) {
  return {{{"log", CheckStatus::failed, error.message, std::move(action)}}, nullptr};
}

constexpr const char* restore_log =
    "restore log.db; without it, what was not committed is gone, and the tables need a new data "
    "directory (docs/operations.md)";

LogLook look_at_local_log(const std::string& file) {
  auto view = log::view_local_log(file);
  if (!view && view.error().code == Errc::not_found) {
    return {{{"log", CheckStatus::info, file + " does not exist yet; it is made when needed"}},
            nullptr,
            true};
  }
  if (!view) return unusable(view.error(), restore_log);
  const auto sound = (*view)->description();
  if (!sound) return unusable(sound.error(), restore_log);
  return {{{"log", CheckStatus::ok, fmt::format("{}: {}", file, *sound)}}, *std::move(view)};
}

LogLook look_at_kafka(const std::string& address) {
  constexpr const char* reach =
      "start the broker, or correct the address (--log, TRADELAKE_LOG or `log` of the "
      "configuration)";
  auto view = log::view_kafka_log(address);
  if (!view && clock_is_faked()) {
    return {{{"log", CheckStatus::skipped,
              "the Kafka client does not start under a clock that goes differently for it than for "
              "the system"}}};
  }
  if (!view) return unusable(view.error(), reach);
  const std::int64_t before_us = now_us();
  const auto cluster = (*view)->description();
  if (!cluster) return unusable(cluster.error(), reach);
  LogLook look{
      {{"log", CheckStatus::ok,
        fmt::format("{}: {}, answers in {}", address, *cluster, time_text(now_us() - before_us))}},
      *std::move(view)};
  const auto parsed = log::parse_kafka_address(address);
  const auto topics = parsed ? log::compare_topics(*parsed) : std::unexpected(parsed.error());
  if (!topics) {
    look.checks.push_back({"topics", CheckStatus::failed, topics.error().message,
                           "look into the broker's log; `tradelake topics` asks again"});
    return look;
  }
  look.checks.push_back(judge_topics(*topics));
  for (const auto& topic : *topics)
    if (topic.missing) look.missing_topics.push_back(topic.name);
  return look;
}

}  // namespace

Check judge_topics(std::span<const log::TopicState> topics) {
  std::string wrong;
  bool split = false;  // --apply would split markets, and does not
  const auto add = [&](const std::string& what) { wrong += (wrong.empty() ? "" : "; ") + what; };
  for (const auto& topic : topics) {
    if (topic.missing) {
      add(topic.name + " is missing");
      continue;
    }
    if (topic.partitions != topic.declared_partitions) {
      add(fmt::format("{} has {} partitions, not {}", topic.name, topic.partitions,
                      topic.declared_partitions));
      split = true;
    }
    for (const auto& [setting, declared, actual] : topic.drift)
      add(fmt::format("{}: {} is {}, declared {}", topic.name, setting,
                      actual.empty() ? "-" : actual, declared));
  }
  if (wrong.empty())
    return {"topics", CheckStatus::ok, fmt::format("{} topics are as declared", topics.size())};
  return {"topics", CheckStatus::failed, wrong,
          split ? "move the records to a topic that `tradelake topics --apply` makes"
                : "run `tradelake topics --apply`"};
}

LogLook look_at_log(const LakeAddresses& lake) {
  return lake.has_log_here() ? look_at_local_log(lake.log_file) : look_at_kafka(lake.kafka);
}

}  // namespace tradelake::ops
