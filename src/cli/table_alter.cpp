// `tradelake table alter NAME …`: columns, partitioning, properties and tags.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/table_command.h"
#include "core/time.h"
#include "iceberg/ref_update.h"
#include "iceberg/schema_update.h"
#include "iceberg/spec_update.h"
#include "iceberg/table_properties.h"
#include "iceberg/transaction.h"
#include "iceberg/type_text.h"

namespace tradelake::cli {
namespace {

using ActionPtr = std::unique_ptr<iceberg::Action>;

// What a change was given on the command line.
struct Given {
  std::vector<std::string> words;
  std::string doc, after, before, snapshot, max_age;
  bool first = false;
};

using MakeAction = std::function<Result<ActionPtr>(const Given&)>;

Result<> alter(OpenedLake& lake, iceberg::Table& table, ActionPtr action) {
  const auto before = table.metadata_location;
  iceberg::Transaction transaction(*lake.catalog, *lake.io);
  transaction.add(table, std::move(action));
  TL_TRY(transaction.commit());
  fmt::print("{}: {}\n", to_string(table.ident),
             table.metadata_location == before ? "is so already" : table.metadata_location);
  return {};
}

Result<iceberg::ColumnPlace> place_of(const Given& given, bool needed) {
  using Kind = iceberg::ColumnPlace::Kind;
  if (given.first + !given.after.empty() + !given.before.empty() > 1 ||
      (needed && !given.first && given.after.empty() && given.before.empty())) {
    return make_error(Errc::invalid_argument,
                      "where the column is to stand is said by one of --first, --after COLUMN, "
                      "--before COLUMN");
  }
  if (given.first) return iceberg::ColumnPlace{Kind::first};
  if (!given.after.empty()) return iceberg::ColumnPlace{Kind::after, given.after};
  if (!given.before.empty()) return iceberg::ColumnPlace{Kind::before, given.before};
  return iceberg::ColumnPlace{};
}

// "36h" in milliseconds.
Result<std::optional<std::int64_t>> parse_age(const std::string& text) {
  if (text.empty()) return std::optional<std::int64_t>{};
  TL_ASSIGN(const auto age_us, parse_duration("--max-age", text));
  if (age_us < us_per_ms)
    return make_error(Errc::invalid_argument, "--max-age is '{}'; allowed: from 1ms", text);
  return std::optional(age_us / us_per_ms);
}

// One change, a sub-command of `alter`, with so many words after the table's name.
void add(CLI::App& command, Run& run, const std::shared_ptr<TableFlags>& flags,
         const std::string& name, const std::string& text, const std::vector<std::string>& words,
         const std::function<void(CLI::App&, Given&)>& options, MakeAction make) {
  auto* sub = command.add_subcommand(name, text);
  auto given = std::make_shared<Given>();
  given->words.resize(words.size());
  for (std::size_t i = 0; i < words.size(); ++i)
    sub->add_option(words[i], given->words[i], words[i])->required();
  sub->fallthrough();  // options of `alter` may stand behind the change, too
  if (options) options(*sub, *given);
  sub->callback([flags, given, make = std::move(make), &run] {
    run = [flags, given, make]() -> int {
      auto action = make(*given);
      if (!action) return report(action.error());
      return with_table(*flags, [&](OpenedLake& lake, iceberg::Table& table) {
        return alter(lake, table, *std::move(action));
      });
    };
  });
}

void add_place(CLI::App& command, Given& given) {
  command.add_flag("--first", given.first, "Before all others");
  command.add_option("--after", given.after, "Behind this column");
  command.add_option("--before", given.before, "Before this column");
}

void add_columns(CLI::App& alter, Run& run, const std::shared_ptr<TableFlags>& flags) {
  add(
      alter, run, flags, "add-column", "A new, optional column", {"column", "type"},
      [](CLI::App& sub, Given& given) {
        sub.add_option("--doc", given.doc, "Its text");
        add_place(sub, given);
      },
      [](const Given& given) -> Result<ActionPtr> {
        TL_ASSIGN(auto type, iceberg::parse_type(given.words[1]));
        TL_ASSIGN(auto place, place_of(given, false));
        return iceberg::add_column(given.words[0], std::move(type), given.doc, std::move(place));
      });
  add(alter, run, flags, "rename-column", "Another name", {"column", "new-name"}, {},
      [](const Given& given) -> Result<ActionPtr> {
        return iceberg::rename_column(given.words[0], given.words[1]);
      });
  add(alter, run, flags, "move-column", "Another place among the columns", {"column"}, add_place,
      [](const Given& given) -> Result<ActionPtr> {
        TL_ASSIGN(auto place, place_of(given, true));
        return iceberg::move_column(given.words[0], std::move(place));
      });
  add(alter, run, flags, "drop-column", "Takes a column away; files keep it", {"column"}, {},
      [](const Given& given) -> Result<ActionPtr> { return iceberg::drop_column(given.words[0]); });
  add(alter, run, flags, "widen-column", "int to long, float to double, more digits of a decimal",
      {"column", "type"}, {}, [](const Given& given) -> Result<ActionPtr> {
        TL_ASSIGN(auto type, iceberg::parse_type(given.words[1]));
        return iceberg::widen_column(given.words[0], std::move(type));
      });
  add(alter, run, flags, "optional-column", "Allows nulls", {"column"}, {},
      [](const Given& given) -> Result<ActionPtr> {
        return iceberg::make_column_optional(given.words[0]);
      });
  add(alter, run, flags, "set-doc", "The column's text", {"column", "text"}, {},
      [](const Given& given) -> Result<ActionPtr> {
        return iceberg::set_column_doc(given.words[0], given.words[1]);
      });
}

void add_others(CLI::App& alter, Run& run, const std::shared_ptr<TableFlags>& flags) {
  add(alter, run, flags, "partition-by",
      "How new files are partitioned: \"hour(trade_time), bucket(16, symbol)\", or none", {"terms"},
      {}, [](const Given& given) -> Result<ActionPtr> {
        TL_ASSIGN(auto terms, iceberg::parse_partition_terms(given.words[0]));
        return iceberg::set_partitioning(std::move(terms));
      });
  add(alter, run, flags, "set-property", "KEY=VALUE", {"property"}, {},
      [](const Given& given) -> Result<ActionPtr> {
        const auto& word = given.words[0];
        const auto equals = word.find('=');
        if (equals == std::string::npos) {
          return make_error(Errc::invalid_argument, "property is '{}'; allowed: KEY=VALUE", word);
        }
        return iceberg::set_properties({{word.substr(0, equals), word.substr(equals + 1)}});
      });
  add(alter, run, flags, "unset-property", "Removes a property", {"key"}, {},
      [](const Given& given) -> Result<ActionPtr> {
        return iceberg::remove_properties({given.words[0]});
      });
  add(
      alter, run, flags, "tag", "Names a snapshot and keeps it", {"name"},
      [](CLI::App& sub, Given& given) {
        sub.add_option("--snapshot", given.snapshot, "Its id (default: the current one)");
        sub.add_option("--max-age", given.max_age, "How long, such as 30d (default: for ever)");
      },
      [](const Given& given) -> Result<ActionPtr> {
        std::optional<iceberg::SnapshotId> snapshot;
        if (!given.snapshot.empty()) {
          TL_ASSIGN(snapshot, parse_snapshot(given.snapshot));
        }
        TL_ASSIGN(const auto max_age_ms, parse_age(given.max_age));
        return iceberg::set_tag(given.words[0], snapshot, max_age_ms);
      });
  add(alter, run, flags, "drop-tag", "Removes a tag", {"name"}, {},
      [](const Given& given) -> Result<ActionPtr> { return iceberg::remove_tag(given.words[0]); });
}

}  // namespace

void add_table_alter(CLI::App& command, Run& run) {
  auto* sub = command.add_subcommand("alter", "Changes a table; its files stay as they are");
  auto flags = TableFlags::add(*sub);
  sub->require_subcommand(1);
  add_columns(*sub, run, flags);
  add_others(*sub, run, flags);
}

}  // namespace tradelake::cli
