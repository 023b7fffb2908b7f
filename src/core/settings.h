// Configuration: one table of keys, each with type, default and text; values from flags,
// environment, file and defaults, in this order of precedence.
//
// Threads: immutable after load(). Invariant: every value has been checked against its key's type.
// Does not: hold secrets; they stay in the environment or in files that *_FILE variables name.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"

namespace tradelake {

enum class SettingKind { text, integer, bytes, duration, boolean };

struct SettingInfo {
  std::string_view key;
  SettingKind kind;
  std::string_view default_value;
  std::string_view doc;
};

std::span<const SettingInfo> all_settings();

// "36h" in microseconds; nothing: it is none, duration_form says what is.
std::optional<std::int64_t> parse_duration_us(std::string_view text);
inline constexpr std::string_view duration_form = "a number with us, ms, s, m, h or d, such as 5s";

enum class SettingOrigin { default_value, file, environment, flag };
std::string_view to_string(SettingOrigin origin);

class Settings {
 public:
  using Environment = std::function<const char*(const char* name)>;

  // `flags` by key; `file` is TOML or empty; `defaults` are a command's own ones. Errors:
  // invalid_argument with the key, the value and what is allowed; an unknown key names the nearest
  // known one.
  static Result<Settings> load(const std::map<std::string, std::string>& flags,
                               const std::string& file, const Environment& environment,
                               const std::map<std::string, std::string>& defaults = {});

  const std::string& text(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  std::int64_t bytes(std::string_view key) const;
  std::int64_t duration_us(std::string_view key) const;
  bool boolean(std::string_view key) const;
  SettingOrigin origin(std::string_view key) const;

 private:
  struct Value {
    std::string text;
    std::int64_t number = 0;  // bytes, microseconds, the integer, or 0 and 1
    SettingOrigin origin = SettingOrigin::default_value;
  };
  Result<> set(const std::string& key, const std::string& text, SettingOrigin origin,
               std::string_view where);
  const Value& value(std::string_view key) const;

  std::map<std::string, Value, std::less<>> values_;
};

// "TRADELAKE_COMMIT_MAX_ROWS" for "commit.max_rows".
std::string environment_name(std::string_view key);

// docs/configuration.md.
std::string settings_markdown();

}  // namespace tradelake
