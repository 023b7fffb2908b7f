// `tradelake topics`: the declared topics against the broker's, and making them so.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "core/event_log.h"
#include "log/declared_topics.h"

namespace tradelake::cli {
namespace {

// Whether all is as declared.
bool print(const std::vector<log::TopicState>& topics) {
  bool equal = true;
  for (const auto& topic : topics) {
    equal = equal && topic.as_declared();
    const auto line = [&](const std::string& text) { fmt::print("{}\t{}\n", topic.name, text); };
    if (topic.as_declared()) {
      line("as declared");
    } else if (topic.missing) {
      line("missing");
    } else if (topic.partitions != topic.declared_partitions) {
      line(
          fmt::format("partitions: {}, declared {}; not changed by --apply: it would split markets",
                      topic.partitions, topic.declared_partitions));
    }
    for (const auto& [setting, declared, actual] : topic.drift)
      line(fmt::format("{}: {}, declared {}", setting, actual.empty() ? "-" : actual, declared));
  }
  return equal;
}

Result<bool> look(const SettingFlags& flags, bool apply) {
  TL_ASSIGN(const auto settings, flags.load());
  if (settings.text("log") == "local") {
    return make_error(Errc::invalid_argument,
                      "log is 'local', which needs no topics; allowed: kafka://host:port");
  }
  TL_ASSIGN(const auto address, log::parse_kafka_address(settings.text("log")));
  start_event_log(settings.text("log_level"));
  if (apply) TL_TRY(log::apply_topics(address));
  TL_ASSIGN(const auto topics, log::compare_topics(address));
  return print(topics);
}

}  // namespace

void add_topics(CLI::App& root, Run& run) {
  auto* command = root.add_subcommand(
      "topics", "The declared topics against the broker's; exit 0 only if they are equal");
  auto flags = SettingFlags::add(*command, {"log"});
  auto apply = std::make_shared<bool>(false);
  command->add_flag("--apply", *apply,
                    "Make what is missing and set what differs; never deletes, never changes "
                    "the number of partitions");
  command->callback(
      [flags, apply, &run] { run = [flags, apply] { return exit_status(look(*flags, *apply)); }; });
}

}  // namespace tradelake::cli
