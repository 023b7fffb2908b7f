// What a collector says of the frames that a log has not taken.
#include "log/collector.h"

#include <gtest/gtest.h>

namespace tradelake::log {
namespace {

class LogThatIsAway final : public Log {
 public:
  Result<> ensure_topics(std::span<const std::string>) override { return away(); }
  Result<std::vector<TopicInfo>> topics() override { return away(); }
  Result<std::map<TopicPartition, OffsetRange>> offsets() override { return away(); }
  Result<std::unique_ptr<Writer>> writer() override { return away(); }
  Result<std::unique_ptr<Reader>> reader() override { return away(); }
  Result<> trim(std::int64_t, const std::map<TopicPartition, std::int64_t>&) override {
    return away();
  }

 private:
  static std::unexpected<Error> away() { return make_error(Errc::unavailable, "it is away"); }
};

Error end_of(Collector& collector) {
  std::stop_source stop;
  stop.request_stop();
  const auto done = collector.run(stop.get_token());
  EXPECT_FALSE(done);
  return done ? Error{} : done.error();
}

TEST(Collector, TellsWhatALogThatNeverCameHasNotTaken) {
  LogThatIsAway log;
  Collector collector(log, 1000);
  EXPECT_TRUE(collector.push({1, bybit::Category::spot, "spot-0", "twelve bytes"}));
  const auto error = end_of(collector);
  EXPECT_EQ(error.code, Errc::unavailable);
  EXPECT_EQ(error.message, "12 bytes of frames are not known to be in the log: it is away");
}

TEST(Collector, NothingIsLostWithALogThatIsAwayIfNothingCame) {
  LogThatIsAway log;
  Collector collector(log, 1000);
  EXPECT_EQ(end_of(collector).message, "it is away");
}

}  // namespace
}  // namespace tradelake::log
