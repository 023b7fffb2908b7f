// Randomness of the simulator: small, fast and the same on every machine for one seed.
//
// std::mt19937 would do, the std distributions would not: their results differ between libraries.
// Threads: a value, one owner. Does not: serve anything that needs secrecy.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace tradelake::feed {

// splitmix64: turns any number, also 0 or a counter, into one with all bits mixed.
constexpr std::uint64_t mix_bits(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// xoshiro256++.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) {
    for (auto& word : state_) {
      seed = mix_bits(seed);
      word = seed;
    }
  }

  constexpr std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // In [0, n); n > 0. The bias of the multiplication is far below what a test could see.
  constexpr std::uint32_t below(std::uint32_t n) {
    return static_cast<std::uint32_t>(((next() >> 32) * n) >> 32);
  }

  // In [0, 1).
  constexpr double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  constexpr bool chance(double probability) { return unit() < probability; }

  // Mean 1.
  double exponential() { return -std::log1p(-unit()); }

  // At least 1, P(X > x) = x^-alpha: small most of the time, without an end.
  double pareto(double alpha) { return std::pow(1.0 - unit(), -1.0 / alpha); }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace tradelake::feed
