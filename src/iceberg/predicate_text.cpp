#include "iceberg/predicate_text.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "iceberg/schema_tree.h"
#include "iceberg/value_text.h"

namespace tradelake::iceberg {
namespace {

struct Operator {
  std::string_view text;
  Comparison comparison;
};

// Longer ones before those that they begin with.
constexpr std::array<Operator, 9> operators{{{"is not null", Comparison::not_null},
                                             {"is null", Comparison::is_null},
                                             {"in ", Comparison::in},
                                             {"<=", Comparison::less_equal},
                                             {">=", Comparison::greater_equal},
                                             {"==", Comparison::equal},
                                             {"=", Comparison::equal},
                                             {"<", Comparison::less},
                                             {">", Comparison::greater}}};

std::string_view unquoted(std::string_view text) {
  text = trimmed(text);
  for (const char quote : {'\'', '"'}) {
    if (text.size() >= 2 && text.front() == quote && text.back() == quote)
      return text.substr(1, text.size() - 2);
  }
  return text;
}

bool begins_with(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() &&
         std::ranges::equal(text.substr(0, lower.size()), lower, {},
                            [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
}

}  // namespace

Result<Predicate> parse_predicate(const Schema& schema, std::string_view text) {
  const auto whole = trimmed(text);
  // The longest name that it begins with: names may begin with others.
  const NestedField* field = nullptr;
  for (const auto& one : schema.fields) {
    if (whole.starts_with(one.name) && (field == nullptr || one.name.size() > field->name.size()))
      field = &one;
  }
  const auto end = whole.find_first_of(" <>=");
  if (field == nullptr || (end != std::string_view::npos && field->name.size() < end)) {
    return make_error(Errc::invalid_argument,
                      "condition '{}': column '{}' does not exist; the table has {}", text,
                      whole.substr(0, end), names_of(schema.fields));
  }
  const auto rest = trimmed(whole.substr(field->name.size()));
  const auto found = std::ranges::find_if(
      operators, [&](const Operator& one) { return begins_with(rest, one.text); });
  if (found == operators.end()) {
    return make_error(Errc::invalid_argument,
                      "condition '{}': allowed is COLUMN followed by = VALUE, < VALUE, <= VALUE, > "
                      "VALUE, >= VALUE, in VALUE, VALUE…, is null, or is not null",
                      text);
  }
  Predicate predicate{field->name, found->comparison, {}};
  auto values = trimmed(rest.substr(found->text.size()));
  if (found->comparison == Comparison::is_null || found->comparison == Comparison::not_null) {
    if (values.empty()) return predicate;
    return make_error(Errc::invalid_argument, "condition '{}': nothing may follow {}", text,
                      found->text);
  }
  while (true) {
    const auto comma =
        found->comparison == Comparison::in ? values.find(',') : std::string_view::npos;
    auto value = parse_value(*field->type, unquoted(values.substr(0, comma)));
    if (!value) return in_context(std::move(value).error(), fmt::format("condition '{}'", text));
    predicate.values.push_back(*std::move(value));
    if (comma == std::string_view::npos) return predicate;
    values.remove_prefix(comma + 1);
  }
}

}  // namespace tradelake::iceberg
