// The Prometheus text format: families with HELP and TYPE, samples with labels.
//
// Threads: values. Does not: keep numbers between two scrapes; they are read where they live.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

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

  MetricsText& sample(std::int64_t value, Labels labels = {});
  MetricsText& seconds(std::int64_t microseconds, Labels labels = {});

  std::string take() && { return std::move(out_); }

 private:
  MetricsText& family(std::string_view name, std::string_view type, std::string_view help);
  void begin_sample(Labels labels);

  std::string out_;
  std::string name_;
};

}  // namespace tradelake::api
