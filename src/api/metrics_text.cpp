#include "api/metrics_text.h"

#include <iterator>

#include <fmt/format.h>

namespace tradelake::api {

MetricsText& MetricsText::family(std::string_view name, std::string_view type,
                                 std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(out_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  return *this;
}

void MetricsText::label(char separator, std::string_view name, std::string_view value) {
  out_ += separator;
  out_ += name;
  out_ += "=\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') out_ += '\\';
    if (c == '\n') {
      out_ += "\\n";
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

void MetricsText::begin_sample(Labels labels, std::string_view suffix,
                               std::string_view upper_bound) {
  out_ += name_;
  out_ += suffix;
  char separator = '{';
  for (const auto& [name, value] : labels) label(std::exchange(separator, ','), name, value);
  if (!upper_bound.empty()) label(std::exchange(separator, ','), "le", upper_bound);
  if (separator == ',') out_ += '}';
  out_ += ' ';
}

MetricsText& MetricsText::sample(std::int64_t value, Labels labels) {
  begin_sample(labels);
  fmt::format_to(std::back_inserter(out_), "{}\n", value);
  return *this;
}

MetricsText& MetricsText::seconds(std::int64_t microseconds, Labels labels) {
  begin_sample(labels);
  fmt::format_to(std::back_inserter(out_), "{:.6f}\n", static_cast<double>(microseconds) / 1e6);
  return *this;
}

MetricsText& MetricsText::durations(const DurationHistogram& durations, Labels labels) {
  constexpr auto& bounds_us = DurationHistogram::bounds_us;
  for (std::size_t i = 0; i <= bounds_us.size(); ++i) {
    const std::string bound =
        i == bounds_us.size() ? "+Inf" : fmt::format("{}", static_cast<double>(bounds_us[i]) / 1e6);
    begin_sample(labels, "_bucket", bound);
    fmt::format_to(std::back_inserter(out_), "{}\n", durations.at_most(i));
  }
  begin_sample(labels, "_sum");
  fmt::format_to(std::back_inserter(out_), "{:.6f}\n",
                 static_cast<double>(durations.sum_us()) / 1e6);
  begin_sample(labels, "_count");
  fmt::format_to(std::back_inserter(out_), "{}\n", durations.count());
  return *this;
}

}  // namespace tradelake::api
