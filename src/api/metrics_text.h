// The Prometheus text format: families with HELP and TYPE, samples with labels.
//
// Threads: values. Does not: keep numbers between two scrapes; they are read where they live.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "core/duration_histogram.h"

namespace tradelake::api {

class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // What follows belongs to this family. `name` is complete: counters end in _total.
  MetricsText& counter(std::string_view name, std::string_view help) {
    return family(name, "counter", help);
  }
  MetricsText& gauge(std::string_view name, std::string_view help) {
    return family(name, "gauge", help);
  }
  MetricsText& histogram(std::string_view name, std::string_view help) {
    return family(name, "histogram", help);
  }

  MetricsText& sample(std::int64_t value, Labels labels = {});
  MetricsText& seconds(std::int64_t microseconds, Labels labels = {});
  // The samples of one histogram, in seconds.
  MetricsText& durations(const DurationHistogram& durations, Labels labels = {});

  std::string take() && { return std::move(out_); }

 private:
  MetricsText& family(std::string_view name, std::string_view type, std::string_view help);
  // `upper_bound`: the label `le`, unless it is empty.
  void begin_sample(Labels labels, std::string_view suffix = {}, std::string_view upper_bound = {});
  void label(char separator, std::string_view name, std::string_view value);

  std::string out_;
  std::string name_;
};

}  // namespace tradelake::api
