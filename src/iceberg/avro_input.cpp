#include "iceberg/avro_input.h"

#include <cstring>
#include <utility>

namespace tradelake::iceberg {

AvroInput::AvroInput(std::string_view bytes) : rest_(bytes), steps_left_(bytes.size() * 8 + 4096) {}

void AvroInput::fail(std::string reason) {
  if (failure_.empty()) failure_ = std::move(reason);
  rest_ = {};
}

bool AvroInput::boolean() {
  const auto byte = raw(1);
  return !byte.empty() && byte[0] != 0;
}

std::int64_t AvroInput::zigzag() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = raw(1);
    if (byte.empty()) return 0;
    const auto bits = static_cast<unsigned char>(byte[0]);
    value |= std::uint64_t{bits & 0x7FU} << shift;
    if ((bits & 0x80) == 0) {
      return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
    }
  }
  fail("an integer of more than 10 bytes");
  return 0;
}

float AvroInput::float32() {
  float value = 0;
  if (const auto bytes = raw(sizeof value); !bytes.empty()) {
    std::memcpy(&value, bytes.data(), sizeof value);
  }
  return value;
}

double AvroInput::float64() {
  double value = 0;
  if (const auto bytes = raw(sizeof value); !bytes.empty()) {
    std::memcpy(&value, bytes.data(), sizeof value);
  }
  return value;
}

std::string_view AvroInput::sized() {
  const auto length = zigzag();
  if (length < 0) {
    fail("a negative length");
    return {};
  }
  return raw(static_cast<std::size_t>(length));
}

std::string_view AvroInput::raw(std::size_t count) {
  if (count > rest_.size()) {
    fail("a value is cut off");
    return {};
  }
  const auto bytes = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return bytes;
}

std::int64_t AvroInput::block() {
  auto count = zigzag();
  if (count < 0) {
    // The negative form carries the block's size in bytes, for skipping; it is not needed here.
    zigzag();
    if (count == INT64_MIN) {
      fail("a block of 2^63 items");
      return 0;
    }
    count = -count;
  }
  if (std::cmp_greater(count, rest_.size())) {
    fail("a block of more items than bytes");
    return 0;
  }
  return count;
}

const AvroSchema* AvroInput::resolve(const AvroSchema& schema) {
  const auto* current = &schema;
  while (current->kind == AvroKind::choice) {
    const auto branch = zigzag();
    if (branch < 0 || std::cmp_greater_equal(branch, current->branches.size())) {
      fail("a union's branch does not exist");
      static const AvroSchema null;
      return &null;
    }
    current = current->branches[static_cast<std::size_t>(branch)].get();
  }
  return current;
}

std::optional<std::int64_t> AvroInput::integer(const AvroSchema& schema) {
  const auto* actual = resolve(schema);
  if (actual->kind == AvroKind::int32 || actual->kind == AvroKind::int64) return zigzag();
  if (actual->kind != AvroKind::null) fail("expected an int or long");
  return std::nullopt;
}

std::optional<std::string_view> AvroInput::text(const AvroSchema& schema) {
  const auto* actual = resolve(schema);
  if (actual->kind == AvroKind::bytes || actual->kind == AvroKind::string) return sized();
  if (actual->kind == AvroKind::fixed) return raw(actual->size);
  if (actual->kind != AvroKind::null) fail("expected a string, bytes or fixed");
  return std::nullopt;
}

std::optional<bool> AvroInput::flag(const AvroSchema& schema) {
  const auto* actual = resolve(schema);
  if (actual->kind == AvroKind::boolean) return boolean();
  if (actual->kind != AvroKind::null) fail("expected a boolean");
  return std::nullopt;
}

void AvroInput::skip(const AvroSchema& schema, int depth) {
  // Named types are shared, so a small schema can describe a deep tree.
  if (depth > 4 * avro_max_depth || steps_left_-- == 0) {
    steps_left_ = 0;
    return fail("values nest too deeply");
  }
  const auto* actual = resolve(schema);
  switch (actual->kind) {
    case AvroKind::null:
      return;
    case AvroKind::boolean:
      raw(1);
      return;
    case AvroKind::int32:
    case AvroKind::int64:
    case AvroKind::enumeration:
      zigzag();
      return;
    case AvroKind::float32:
      raw(4);
      return;
    case AvroKind::float64:
      raw(8);
      return;
    case AvroKind::bytes:
    case AvroKind::string:
      sized();
      return;
    case AvroKind::fixed:
      raw(actual->size);
      return;
    case AvroKind::record:
      for (const auto& field : actual->fields) {
        if (!ok()) return;
        skip(*field.type, depth + 1);
      }
      return;
    case AvroKind::array:
    case AvroKind::map:
      for (auto count = block(); count > 0; count = block()) {
        for (; count > 0 && ok(); --count) {
          if (actual->kind == AvroKind::map) sized();
          skip(*actual->items, depth + 1);
        }
      }
      return;
    case AvroKind::choice:
      return;  // resolved above
  }
}

}  // namespace tradelake::iceberg
