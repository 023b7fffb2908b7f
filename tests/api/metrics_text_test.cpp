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

}  // namespace
}  // namespace tradelake::api
