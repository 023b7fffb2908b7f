#include "ops/looks.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace tradelake::ops {
namespace {

using namespace std::chrono_literals;

TEST(Looks, GiveWhatTheyFoundInTime) {
  Looks looks;
  const auto number = looks.start([] { return 7; });
  const auto text = looks.start([] { return std::string("seen"); });
  looks.wait(10s);
  EXPECT_FALSE(looks.any_left());
  EXPECT_EQ(*number.value(), 7);
  EXPECT_EQ(*text.value(), "seen");
}

TEST(Looks, LeaveBehindWhatHangsAndHearTheOthers) {
  const auto go_on = std::make_shared<std::atomic<bool>>(false);
  Looks looks;
  const auto hanging = looks.start([go_on] {
    while (!*go_on) std::this_thread::sleep_for(1ms);
    return 1;
  });
  const auto quick = looks.start([] { return 2; });
  const auto begin = std::chrono::steady_clock::now();
  looks.wait(50ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_TRUE(looks.any_left());
  EXPECT_EQ(hanging.value(), nullptr);
  EXPECT_EQ(hanging.reason(), "it did not answer in time");
  EXPECT_EQ(*quick.value(), 2);
  *go_on = true;
  looks.wait(10s);
  EXPECT_EQ(*hanging.value(), 1);
}

TEST(Looks, ThatThrowHaveNoValueButAReason) {
  Looks looks;
  const auto thrown = looks.start([]() -> int { throw std::runtime_error("no memory"); });
  looks.wait(10s);
  EXPECT_EQ(thrown.value(), nullptr);
  EXPECT_EQ(thrown.reason(), "no memory");
}

}  // namespace
}  // namespace tradelake::ops
