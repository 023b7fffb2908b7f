#include "core/event_log.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

namespace tradelake {
namespace {

// Made before spdlog's registry, and so destroyed after it.
struct Latecomer {
  ~Latecomer() {
    if (speaks) lasting_event_log().warn("event=afterwards");
  }
  bool speaks = false;
} latecomer;

TEST(EventLogDeathTest, LastsLongerThanTheRegistryOfItsLibrary) {
  EXPECT_EXIT(
      {
        start_event_log("info");
        spdlog::info("event=before");
        latecomer.speaks = true;
        std::exit(0);
      },
      testing::ExitedWithCode(0), "event=before.*\n.*event=afterwards");
}

}  // namespace
}  // namespace tradelake
