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

void MetricsText::begin_sample(Labels labels) {
  out_ += name_;
  char separator = '{';
  for (const auto& [label, value] : labels) {
    out_ += std::exchange(separator, ',');
    out_ += label;
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
  if (labels.size() > 0) out_ += '}';
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

}  // namespace tradelake::api
