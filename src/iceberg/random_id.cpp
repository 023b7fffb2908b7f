#include "iceberg/random_id.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>

#include <fmt/format.h>

namespace tradelake::iceberg {
namespace {

std::uint64_t random_bits() {
  thread_local std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

SnapshotId random_snapshot_id() {
  while (true) {
    const auto id = static_cast<std::int64_t>(
        random_bits() & static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
    if (id != 0) return SnapshotId{id};
  }
}

std::string random_uuid() {
  const auto high = (random_bits() & ~std::uint64_t{0xF000}) | 0x4000;
  const auto low = (random_bits() & ~(std::uint64_t{3} << 62)) | (std::uint64_t{2} << 62);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF,
                     high & 0xFFFF, low >> 48, low & 0xFFFFFFFFFFFF);
}

}  // namespace tradelake::iceberg
