#include "core/settings.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <toml++/toml.h>

#include "core/address.h"
#include "core/edit_distance.h"
#include "core/time.h"

namespace tradelake {
namespace {

constexpr auto settings = std::to_array<SettingInfo>({
    {"data_dir", SettingKind::text, "./data",
     "Where the embedded log, catalog and warehouse live."},
    {"log", SettingKind::text, "local",
     "`local` (log.db of the data directory), or `kafka://host:port[,host:port]`."},
    {"catalog", SettingKind::text, "sqlite",
     "`sqlite` (catalog.db of the data directory), `sqlite:FILE`, or "
     "`postgresql://user@host:port/database` with the password in PGPASSWORD or the file "
     "that PGPASSWORD_FILE names."},
    {"warehouse", SettingKind::text, "local",
     "`local` (warehouse of the data directory), `file:///DIR`, or `s3://bucket/prefix` with the "
     "server and its keys in AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID and "
     "AWS_SECRET_ACCESS_KEY (docs/operations.md)."},
    {"source", SettingKind::text, "auto",
     "`bybit`, `ws://host:port` of a look-alike, `replay:FILE`, or `auto`: Bybit if it answers "
     "within 5 s, else the built-in simulator."},
    {"speed", SettingKind::text, "max",
     "Of a replay: `max`, or a multiple of the recorded speed such as `1`."},
    {"symbols", SettingKind::text,
     "linear:BTCUSDT,linear:ETHUSDT,linear:SOLUSDT,spot:BTCUSDT,spot:ETHUSDT,inverse:BTCUSD,option:"
     "BTC",
     "Markets to collect, `category:symbol` separated by commas; `linear:*` is all of a category; "
     "options by base coin."},
    {"listen", SettingKind::text, "127.0.0.1:8460",
     "Address and port of the HTTP server; port 0 takes any free one, which is the default of "
     "stages "
     "other than `serve`."},
    {"commit.max_rows", SettingKind::integer, "200000",
     "A pipeline commits when it holds this many rows."},
    {"commit.max_bytes", SettingKind::bytes, "64MiB",
     "A pipeline commits when it has read this much of raw frames."},
    {"commit.interval", SettingKind::duration, "5s",
     "A pipeline commits when its oldest uncommitted frame is this old."},
    {"candles.grace", SettingKind::duration, "10m",
     "How long after its end a candle is corrected by late trades."},
    {"dedup.memory", SettingKind::bytes, "32MiB",
     "Recent trade ids in memory, per pipeline; beyond it they go to disk."},
    {"parquet.zstd_level", SettingKind::integer, "1", "ZSTD level of data files at commit."},
    {"retention.log", SettingKind::duration, "48h",
     "How long the local log keeps frames that are in the tables; in Kafka `tradelake topics` sets "
     "it."},
    {"retention.bronze", SettingKind::duration, "24h",
     "How long `bronze.trades` keeps trades; partitions that ended before go, counted back from "
     "now "
     "or from the newest trade, whichever is earlier. 0s keeps them for ever."},
    {"retention.dead_letters", SettingKind::duration, "7d", "The same of `bronze.dead_letters`."},
    {"retention.klines", SettingKind::duration, "90d", "The same of `bronze.klines`."},
    {"retention.candles_1m", SettingKind::duration, "90d", "The same of `silver.candles_1m`."},
    {"retention.candles_5m", SettingKind::duration, "365d", "The same of `silver.candles_5m`."},
    {"retention.candles_1h", SettingKind::duration, "1826d", "The same of `silver.candles_1h`."},
    {"retention.candles_4h", SettingKind::duration, "1826d", "The same of `silver.candles_4h`."},
    {"retention.candles_1d", SettingKind::duration, "0s", "The same of `silver.candles_1d`."},
    {"retention.candle_revisions", SettingKind::duration, "90d",
     "The same of `silver.candle_revisions`."},
    {"retention.late_trades", SettingKind::duration, "90d", "The same of `silver.late_trades`."},
    {"retention.coverage_gaps", SettingKind::duration, "0s",
     "The same of `silver.coverage_gaps`: they tell what candles lack, for as long as those stay."},
    {"snapshots.max_age", SettingKind::duration, "1h",
     "How long a table's snapshots can be gone back to; the table's own `history.expire…` "
     "properties "
     "come before this."},
    {"snapshots.max_count", SettingKind::integer, "100",
     "At most so many, even if younger: each commit writes them all."},
    {"snapshots.min_count", SettingKind::integer, "10", "At least so many, even if older."},
    {"compaction.target", SettingKind::bytes, "64MiB", "Size of files after compaction."},
    {"compaction.min_files", SettingKind::integer, "12",
     "So many small files of a partition are merged."},
    {"compaction.max_age", SettingKind::duration, "1h",
     "Fewer are merged when one of them is this old."},
    {"compaction.zstd_level", SettingKind::integer, "9",
     "ZSTD level of the files of a closed partition."},
    {"maintain.interval", SettingKind::duration, "2s", "Pause between two passes over the tables."},
    {"maintain.cpu_percent", SettingKind::integer, "20",
     "Of one core: what merging may take beside everything else."},
    {"orphans.action", SettingKind::text, "tell",
     "`tell` only logs the files that nothing leads to, once a day; `remove` removes them, too."},
    {"orphans.min_age", SettingKind::duration, "3d",
     "How old such files must be; at least 3h, longer than any commit takes."},
    {"collect.queue", SettingKind::bytes, "256MiB",
     "Frames that wait for the log; beyond it they are dropped and counted."},
    {"collect.klines", SettingKind::boolean, "true",
     "Whether the exchange's own 1m candles are collected, too (`kline.1`, on connections of their "
     "own), for `tradelake candles check`."},
    {"serve.max_rows", SettingKind::integer, "500000",
     "How many trades `serve` keeps in memory that nobody has committed yet (about 200 bytes "
     "each); "
     "beyond it, it stops reading the log until they are."},
    {"doctor.stale_after", SettingKind::duration, "60s",
     "`doctor` calls a pipeline stale whose oldest record waits for longer than this, or than "
     "three "
     "commit intervals, while nothing is committed."},
    {"log_level", SettingKind::text, "info", "`debug`, `info`, `warn` or `error`."},
});

const SettingInfo* find_setting(std::string_view key) {
  const auto* found = std::ranges::find(settings, key, &SettingInfo::key);
  return found == settings.end() ? nullptr : found;
}

std::string_view nearest_key(std::string_view key) {
  return std::ranges::min_element(
             settings, {}, [&](const auto& setting) { return edit_distance(key, setting.key); })
      ->key;
}

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr auto byte_units =
    std::to_array<Unit>({{"", 1}, {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}});
constexpr auto duration_units = std::to_array<Unit>({{"us", 1},
                                                     {"ms", us_per_ms},
                                                     {"s", us_per_second},
                                                     {"m", us_per_minute},
                                                     {"h", us_per_hour},
                                                     {"d", us_per_day}});

std::optional<std::int64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& [name, factor] : units) {
    std::int64_t product = 0;
    if (unit == name && !__builtin_mul_overflow(number, factor, &product)) return product;
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_boolean(std::string_view text) {
  if (text == "true") return 1;
  if (text == "false") return 0;
  return std::nullopt;
}

struct KindInfo {
  std::string_view name, allowed;
  std::span<const Unit> units;
};
KindInfo info_of(SettingKind kind) {
  static constexpr auto integer_units = std::to_array<Unit>({{"", 1}});
  switch (kind) {
    case SettingKind::integer:
      return {"integer", "a whole number from 0", integer_units};
    case SettingKind::bytes:
      return {"bytes", "a number with B, KiB, MiB or GiB, such as 64MiB", byte_units};
    case SettingKind::duration:
      return {"duration", duration_form, duration_units};
    case SettingKind::boolean:
      return {"boolean", "true or false", {}};
    case SettingKind::text:
      break;
  }
  return {"text", "text", {}};
}

// "commit.max_rows" = value for every leaf of a TOML table.
void flatten(const toml::table& table, const std::string& prefix,
             std::map<std::string, std::string>& out) {
  for (const auto& [key, node] : table) {
    const auto name = prefix + std::string(key.str());
    if (const auto* inner = node.as_table()) {
      flatten(*inner, name + ".", out);
    } else if (const auto* text = node.as_string()) {
      out[name] = text->get();
    } else if (const auto* number = node.as_integer()) {
      out[name] = fmt::to_string(number->get());
    } else if (const auto* boolean = node.as_boolean()) {
      out[name] = boolean->get() ? "true" : "false";
    } else {
      out[name] = "(neither text, whole number, true nor false)";
    }
  }
}

}  // namespace

std::span<const SettingInfo> all_settings() {
  return settings;
}

std::optional<std::int64_t> parse_duration_us(std::string_view text) {
  return parse_with_unit(text, duration_units);
}

std::string_view to_string(SettingOrigin origin) {
  switch (origin) {
    case SettingOrigin::default_value:
      return "default";
    case SettingOrigin::file:
      return "file";
    case SettingOrigin::environment:
      return "environment";
    case SettingOrigin::flag:
      return "flag";
  }
  return "?";
}

std::string environment_name(std::string_view key) {
  std::string name = "TRADELAKE_";
  for (const char c : key)
    name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

Result<> Settings::set(const std::string& key, const std::string& text, SettingOrigin origin,
                       std::string_view where) {
  const auto* info = find_setting(key);
  if (info == nullptr) {
    return make_error(Errc::invalid_argument, "{}: unknown key {}; the nearest known one is {}",
                      where, key, nearest_key(key));
  }
  if (has_password(text)) {
    return make_error(
        Errc::invalid_argument,
        "{}: {} holds a password, which everybody could read; leave it out, and set the "
        "variable that its documentation names",
        where, key);
  }
  Value value{text, 0, origin};
  if (info->kind != SettingKind::text) {
    const auto kind = info_of(info->kind);
    const auto number = info->kind == SettingKind::boolean ? parse_boolean(text)
                                                           : parse_with_unit(text, kind.units);
    if (!number) {
      return make_error(Errc::invalid_argument, "{}: {} is '{}'; allowed: {}", where, key, text,
                        kind.allowed);
    }
    value.number = *number;
  }
  values_.insert_or_assign(key, std::move(value));
  return {};
}

Result<Settings> Settings::load(const std::map<std::string, std::string>& flags,
                                const std::string& file, const Environment& environment,
                                const std::map<std::string, std::string>& defaults) {
  Settings result;
  for (const auto& setting : settings) {
    TL_TRY(result.set(std::string(setting.key), std::string(setting.default_value),
                      SettingOrigin::default_value, "default"));
  }
  for (const auto& [key, text] : defaults)
    TL_TRY(result.set(key, text, SettingOrigin::default_value, "default"));
  if (!file.empty()) {
    std::map<std::string, std::string> values;
    try {
      flatten(toml::parse_file(file), "", values);
    } catch (const toml::parse_error& error) {
      return make_error(Errc::invalid_argument, "{}: line {}: {}", file, error.source().begin.line,
                        error.description());
    }
    for (const auto& [key, text] : values) TL_TRY(result.set(key, text, SettingOrigin::file, file));
  }
  for (const auto& setting : settings) {
    const auto name = environment_name(setting.key);
    if (const char* text = environment(name.c_str())) {
      TL_TRY(result.set(std::string(setting.key), text, SettingOrigin::environment, name));
    }
  }
  for (const auto& [key, text] : flags)
    TL_TRY(result.set(key, text, SettingOrigin::flag, "command line"));
  return result;
}

const Settings::Value& Settings::value(std::string_view key) const {
  return values_.find(key)->second;
}
const std::string& Settings::text(std::string_view key) const {
  return value(key).text;
}
std::int64_t Settings::integer(std::string_view key) const {
  return value(key).number;
}
std::int64_t Settings::bytes(std::string_view key) const {
  return value(key).number;
}
std::int64_t Settings::duration_us(std::string_view key) const {
  return value(key).number;
}
bool Settings::boolean(std::string_view key) const {
  return value(key).number != 0;
}
SettingOrigin Settings::origin(std::string_view key) const {
  return value(key).origin;
}

std::string settings_markdown() {
  std::string text =
      "# Configuration\n\nGenerated by `tradelake config --markdown`; do not edit.\n\n"
      "Precedence: flag, environment, file (`--config FILE`, TOML), default. "
      "`tradelake config` prints the effective values and where each comes from.\n\n"
      "A key of the file that is not listed here is an error, which names the nearest known one. "
      "So "
      "is a variable whose name is a slip away from one of these; any other `TRADELAKE_…` is "
      "passed "
      "over with a line on standard error.\n\n"
      "| key | environment | type | default | what |\n|---|---|---|---|---|\n";
  for (const auto& setting : settings) {
    text += fmt::format("| `{}` | `{}` | {} | `{}` | {} |\n", setting.key,
                        environment_name(setting.key), info_of(setting.kind).name,
                        setting.default_value, setting.doc);
  }
  return text;
}

}  // namespace tradelake
