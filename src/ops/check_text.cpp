#include "ops/check_text.h"

#include <fmt/format.h>

#include "iceberg/json_writer.h"

namespace tradelake::ops {
namespace {

std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return line;
}

}  // namespace

std::string checks_as_text(std::span<const Check> checks) {
  std::size_t widest = 0;
  for (const auto& check : checks) widest = std::max(widest, check.name.size());
  std::string text;
  for (const auto& check : checks) {
    text += fmt::format("{:<8} {:<{}}  {}\n", to_string(check.status), check.name, widest,
                        one_line(check.detail));
    if (is_trouble(check)) text += fmt::format("         -> {}\n", one_line(check.action));
  }
  const auto count = [&](CheckStatus status) {
    return std::ranges::count(checks, status, &Check::status);
  };
  text += fmt::format("{} checks", checks.size());
  for (const auto status : {CheckStatus::failed, CheckStatus::warning, CheckStatus::skipped}) {
    if (const auto number = count(status); number > 0)
      text += fmt::format(", {} {}", number, to_string(status));
  }
  return text + (all_is_well(checks) ? ": all is well\n" : "\n");
}

std::string checks_as_json(std::span<const Check> checks) {
  iceberg::JsonWriter json;
  json.open_object().key("ok").boolean(all_is_well(checks)).key("checks").open_array();
  for (const auto& check : checks) {
    json.open_object()
        .member("name", check.name)
        .member("status", to_string(check.status))
        .member("detail", check.detail)
        .member("action", check.action)
        .close_object();
  }
  json.close_array().close_object();
  return std::move(json).take() + "\n";
}

}  // namespace tradelake::ops
