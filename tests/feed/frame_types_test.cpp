#include "feed/frame_types.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tradelake::feed {
namespace {

const std::string upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

// A server's frame (RFC 6455, 5.2).
std::string frame(int first_byte, const std::string& payload) {
  std::string bytes(1, static_cast<char>(first_byte));
  if (payload.size() < 126) {
    bytes += static_cast<char>(payload.size());
  } else if (payload.size() < 65'536) {
    bytes += static_cast<char>(126);
    bytes += static_cast<char>(payload.size() >> 8);
    bytes += static_cast<char>(payload.size() & 0xff);
  } else {
    bytes += static_cast<char>(127);
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes += static_cast<char>(payload.size() >> shift & 0xff);
  }
  return bytes + payload;
}

std::string passed(std::string bytes, const std::vector<std::size_t>& cuts) {
  TextAsBinary types;
  std::size_t from = 0;
  const auto pass = [&](std::size_t to) {
    types.pass({reinterpret_cast<unsigned char*>(bytes.data()) + from, to - from});
    from = to;
  };
  for (const auto cut : cuts) pass(std::max(from, cut % (bytes.size() + 1)));
  pass(bytes.size());
  return bytes;
}

RC_GTEST_PROP(TextAsBinary, TurnsTheFirstByteOfTextFramesAndNothingElseHoweverItIsCut, ()) {
  std::string given = upgrade, expected = upgrade;
  const auto count = *rc::gen::inRange(0, 8);
  for (int n = 0; n < count; ++n) {
    const auto opcode = *rc::gen::element(0x0, 0x1, 0x2, 0x8, 0x9, 0xa);
    const auto final_bit = *rc::gen::element(0x80, 0x00);
    const auto size =
        *rc::gen::element<std::size_t>(0, 1, 2, 125, 126, 300, 65'535, 65'536, 70'000);
    // Payloads full of bytes that look like heads of frames.
    std::string payload(size, static_cast<char>(*rc::gen::element(0x81, 0x01, 0x7f, 0x0d)));
    given += frame(final_bit | opcode, payload);
    expected += frame(final_bit | (opcode == 1 ? 2 : opcode), payload);
  }
  auto cuts = *rc::gen::container<std::vector<std::size_t>>(rc::gen::arbitrary<std::size_t>());
  std::ranges::sort(cuts, {}, [&](std::size_t cut) { return cut % (given.size() + 1); });
  RC_ASSERT(passed(given, cuts) == expected);
}

TEST(TextAsBinary, ByteByByte) {
  const auto given =
      upgrade + frame(0x81, "\xff\xfe") + frame(0x8a, "") + frame(0x81, std::string(200, '\x81'));
  auto expected =
      upgrade + frame(0x82, "\xff\xfe") + frame(0x8a, "") + frame(0x82, std::string(200, '\x81'));
  std::vector<std::size_t> every(given.size());
  for (std::size_t n = 0; n < every.size(); ++n) every[n] = n;
  EXPECT_EQ(passed(given, every), expected);
}

}  // namespace
}  // namespace tradelake::feed
