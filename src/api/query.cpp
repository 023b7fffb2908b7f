#include "api/query.h"

#include <algorithm>
#include <charconv>

#include <fmt/ranges.h>

#include "core/time.h"

namespace tradelake::api {
namespace {

constexpr std::int64_t latest_ms = 253'402'300'799'999;  // the end of year 9999

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

Answer<Query> Query::parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    auto name = percent_decode(part.substr(0, equals), true);
    auto value = percent_decode(part.substr(std::min(equals + 1, part.size())), true);
    if (!name || !value) {
      return bad_request("the query has '{}'; allowed after %: two hexadecimal digits",
                         shown(part));
    }
    if (query.find(*name)) return bad_request("{} is given twice; allowed: once", shown(*name));
    query.parameters_.emplace_back(*std::move(name), *std::move(value));
  }
  return query;
}

Answer<void> Query::only(std::initializer_list<std::string_view> names) const {
  for (const auto& [name, value] : parameters_) {
    if (std::ranges::find(names, name) == names.end()) {
      return bad_request("{} is no parameter here; allowed: {}", shown(name),
                         fmt::join(names, ", "));
    }
  }
  return {};
}

std::optional<std::string_view> Query::find(std::string_view name) const {
  for (const auto& [key, value] : parameters_) {
    if (key == name && !value.empty()) return value;
  }
  return std::nullopt;
}

Answer<std::string_view> Query::required(std::string_view name) const {
  if (const auto value = find(name)) return *value;
  return bad_request("{} is missing", name);
}

Answer<std::optional<std::int64_t>> Query::integer(std::string_view name, std::int64_t least,
                                                   std::int64_t greatest) const {
  const auto text = find(name);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size() || number < least ||
      number > greatest) {
    return bad_request("{} is '{}'; allowed: a whole number from {} to {}", name, shown(*text),
                       least, greatest);
  }
  return number;
}

Answer<std::optional<std::int64_t>> Query::time_us(std::string_view name) const {
  TL_ASSIGN(const auto ms, integer(name, 0, latest_ms));
  if (!ms) return std::nullopt;
  return *ms * us_per_ms;
}

Answer<std::string_view> Query::one_of(std::string_view name,
                                       std::initializer_list<std::string_view> words) const {
  const auto text = find(name);
  if (!text) return *words.begin();
  const auto* word = std::ranges::find(words, *text);
  if (word != words.end()) return *word;
  return bad_request("{} is '{}'; allowed: {}", name, shown(*text), fmt::join(words, ", "));
}

Answer<bybit::Category> Query::category(std::optional<bybit::Category> if_absent) const {
  if (!find("category") && if_absent) return *if_absent;
  TL_ASSIGN(const auto text, required("category"));
  if (const auto category = bybit::parse_category(text)) return *category;
  return bad_request("category is '{}'; allowed: {}", shown(text),
                     fmt::join(bybit::category_names, ", "));
}

}  // namespace tradelake::api
