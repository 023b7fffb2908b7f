#include "core/address.h"

#include <gtest/gtest.h>

namespace tradelake {
namespace {

TEST(Address, SeesAPasswordInEveryFormThatLibpqTakes) {
  for (const auto* address :
       {"postgresql://user:secret@host/d", "postgresql://user:@host/d",
        "postgresql://user@host/d?password=secret", "postgresql://host/d?user=u&sslpassword=x",
        "host=h password=secret", "host=h password = secret", "kafka://u:secret@h:1",
        "ws://u:secret@h", "s3://key:secret@bucket/x"})
    EXPECT_TRUE(has_password(address)) << address;
}

TEST(Address, SeesNoneWhereThereIsNone) {
  for (const auto* address :
       {"postgresql://user@host:5432/d", "postgresql://user@host/passwords", "postgresql:///d",
        "kafka://a:9092,b:9092", "ws://[::1]:9443", "s3://bucket/a:b@c", "local", "",
        "file:///password", "postgresql://u@h/d?passfile=/x", "linear:BTCUSDT,spot:*"})
    EXPECT_FALSE(has_password(address)) << address;
}

}  // namespace
}  // namespace tradelake
