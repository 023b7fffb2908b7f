// murmur3 x86-32 with seed 0: the hash of bucket partitioning («Appendix B»).
//
// Threads: pure functions.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tradelake::iceberg {

constexpr std::uint32_t murmur3_scramble(std::uint32_t k) {
  return std::rotl(k * 0xcc9e2d51U, 15) * 0x1b873593U;
}

inline std::int32_t murmur3_32(std::string_view bytes) {
  std::uint32_t hash = 0;
  std::size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    std::uint32_t k;
    std::memcpy(&k, bytes.data() + at, 4);
    hash = std::rotl(hash ^ murmur3_scramble(k), 13) * 5 + 0xe6546b64U;
  }
  std::uint32_t tail = 0;
  for (std::size_t i = bytes.size(); i > at; --i) {
    tail = (tail << 8) | static_cast<unsigned char>(bytes[i - 1]);
  }
  hash ^= murmur3_scramble(tail);
  hash ^= static_cast<std::uint32_t>(bytes.size());
  hash = (hash ^ (hash >> 16)) * 0x85ebca6bU;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35U;
  return static_cast<std::int32_t>(hash ^ (hash >> 16));
}

}  // namespace tradelake::iceberg
