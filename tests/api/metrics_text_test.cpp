#include "api/metrics_text.h"

#include <gtest/gtest.h>

namespace tradelake::api {
namespace {

TEST(MetricsText, WritesFamiliesAndSamples) {
  MetricsText text;
  text.counter("tradelake_x_total", "Things.")
      .sample(3)
      .sample(-1, {{"kind", "a\"b\\c\nd"}, {"n", "1"}});
  text.gauge("tradelake_y_seconds", "Time.").seconds(1'500'000);
  EXPECT_EQ(std::move(text).take(),
            "# HELP tradelake_x_total Things.\n# TYPE tradelake_x_total counter\n"
            "tradelake_x_total 3\ntradelake_x_total{kind=\"a\\\"b\\\\c\\nd\",n=\"1\"} -1\n"
            "# HELP tradelake_y_seconds Time.\n# TYPE tradelake_y_seconds "
            "gauge\ntradelake_y_seconds 1.500000\n");
}

TEST(MetricsText, WritesAHistogramByUpperBounds) {
  DurationHistogram took;
  for (const std::int64_t us : {900, 1'000, 1'001, 61'000'000}) took.add(us);
  MetricsText text;
  text.histogram("tradelake_t_seconds", "Time.").durations(took, {{"pipeline", "bronze"}});
  const auto out = std::move(text).take();
  EXPECT_TRUE(
      out.starts_with("# HELP tradelake_t_seconds Time.\n# TYPE tradelake_t_seconds histogram\n"
                      "tradelake_t_seconds_bucket{pipeline=\"bronze\",le=\"0.001\"} 2\n"
                      "tradelake_t_seconds_bucket{pipeline=\"bronze\",le=\"0.0025\"} 3\n"));
  EXPECT_TRUE(
      out.ends_with("tradelake_t_seconds_bucket{pipeline=\"bronze\",le=\"60\"} 3\n"
                    "tradelake_t_seconds_bucket{pipeline=\"bronze\",le=\"+Inf\"} 4\n"
                    "tradelake_t_seconds_sum{pipeline=\"bronze\"} 61.002901\n"
                    "tradelake_t_seconds_count{pipeline=\"bronze\"} 4\n"))
      << out;
}

}  // namespace
}  // namespace tradelake::api
