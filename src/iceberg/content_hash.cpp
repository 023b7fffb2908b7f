#include "iceberg/content_hash.h"

#include <bit>
#include <cstring>
#include <string_view>
#include <vector>

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/extension_type.h>
#include <arrow/table.h>

namespace tradelake::iceberg {
namespace {

using uint128_t = unsigned __int128;
using Hashes = std::vector<std::uint64_t>;

// Both halves of the product: every bit of either side reaches every bit of the result.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<uint128_t>(a ^ 0x9e3779b97f4a7c15) * (b ^ 0xd1b54a32d192ed03);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

constexpr std::uint64_t null_hash = 0x2545f4914f6cdd1d;

std::uint64_t hash_bytes(std::string_view bytes) {
  std::uint64_t hash = bytes.size();
  while (bytes.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    hash = fold(hash, word);
    bytes.remove_prefix(8);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, bytes.data(), bytes.size());
  return fold(hash, rest);
}

template <class Of>
void add_each(const arrow::Array& array, Hashes& hashes, const Of& of) {
  if (array.null_count() == 0) {
    for (std::int64_t i = 0; i < array.length(); ++i)
      hashes[static_cast<std::size_t>(i)] = fold(hashes[static_cast<std::size_t>(i)], of(i));
    return;
  }
  for (std::int64_t i = 0; i < array.length(); ++i) {
    auto& hash = hashes[static_cast<std::size_t>(i)];
    hash = fold(hash, array.IsNull(i) ? null_hash : of(i));
  }
}

template <class T>
void add_numbers(const arrow::Array& array, Hashes& hashes) {
  const auto* values = array.data()->GetValues<T>(1);
  add_each(array, hashes, [values](std::int64_t i) {
    if constexpr (std::is_same_v<T, float>) {
      return std::uint64_t{std::bit_cast<std::uint32_t>(values[i])};
    } else {
      return std::bit_cast<std::uint64_t>(values[i]);
    }
  });
}

void add_small_numbers(const arrow::Array& array, Hashes& hashes) {
  const auto* values = array.data()->GetValues<std::int32_t>(1);
  add_each(array, hashes, [values](std::int64_t i) {
    return static_cast<std::uint64_t>(std::int64_t{values[i]});
  });
}

template <class ArrowArray>
void add_bytes(const arrow::Array& array, Hashes& hashes) {
  const auto& typed = static_cast<const ArrowArray&>(array);
  add_each(array, hashes, [&](std::int64_t i) { return hash_bytes(typed.GetView(i)); });
}

void add_decimals(const arrow::Array& array, Hashes& hashes) {
  const auto& typed = static_cast<const arrow::Decimal128Array&>(array);
  add_each(array, hashes, [&](std::int64_t i) {
    std::uint64_t words[2];
    std::memcpy(words, typed.Value(i), sizeof words);
    return fold(words[0], words[1]);
  });
}

Result<> add_array(const arrow::Array& array, Hashes& hashes);

Result<> add_dictionary(const arrow::DictionaryArray& array, Hashes& hashes) {
  Hashes of_values(static_cast<std::size_t>(array.dictionary()->length()), 0);
  // As add_bytes() would, whose seed is the row's own.
  const auto& values = *array.dictionary();
  if (values.type_id() != arrow::Type::STRING && values.type_id() != arrow::Type::BINARY) {
    return make_error(Errc::unsupported, "a dictionary of {} cannot be hashed",
                      values.type()->ToString());
  }
  const auto& texts = static_cast<const arrow::BinaryArray&>(values);
  for (std::int64_t i = 0; i < texts.length(); ++i)
    of_values[static_cast<std::size_t>(i)] =
        texts.IsNull(i) ? null_hash : hash_bytes(texts.GetView(i));
  add_each(array, hashes, [&](std::int64_t i) {
    return of_values[static_cast<std::size_t>(array.GetValueIndex(i))];
  });
  return {};
}

Result<> add_struct(const arrow::StructArray& array, Hashes& hashes) {
  Hashes rows(static_cast<std::size_t>(array.length()), 0);
  for (int n = 0; n < array.num_fields(); ++n) TL_TRY(add_array(*array.field(n), rows));
  add_each(array, hashes, [&](std::int64_t i) { return rows[static_cast<std::size_t>(i)]; });
  return {};
}

// Lists, and maps as lists of pairs in their order.
Result<> add_list(const arrow::ListArray& array, Hashes& hashes) {
  if (array.length() == 0) return {};
  const std::int64_t begin = array.value_offset(0);
  const std::int64_t end = array.value_offset(array.length());
  Hashes elements(static_cast<std::size_t>(end - begin), 0);
  if (!elements.empty()) TL_TRY(add_array(*array.values()->Slice(begin, end - begin), elements));
  add_each(array, hashes, [&](std::int64_t i) {
    auto hash = static_cast<std::uint64_t>(array.value_length(i));
    for (auto at = array.value_offset(i); at < array.value_offset(i) + array.value_length(i); ++at)
      hash = fold(hash, elements[static_cast<std::size_t>(at - begin)]);
    return hash;
  });
  return {};
}

Result<> add_array(const arrow::Array& array, Hashes& hashes) {
  using Type = arrow::Type;
  switch (array.type_id()) {
    case Type::BOOL: {
      const auto& typed = static_cast<const arrow::BooleanArray&>(array);
      add_each(array, hashes, [&](std::int64_t i) { return std::uint64_t{typed.Value(i)}; });
      return {};
    }
    case Type::INT32:
    case Type::DATE32:
      add_small_numbers(array, hashes);
      return {};
    case Type::INT64:
    case Type::TIME64:
    case Type::TIMESTAMP:
      add_numbers<std::int64_t>(array, hashes);
      return {};
    case Type::FLOAT:
      add_numbers<float>(array, hashes);
      return {};
    case Type::DOUBLE:
      add_numbers<double>(array, hashes);
      return {};
    case Type::DECIMAL128:
      add_decimals(array, hashes);
      return {};
    case Type::STRING:
    case Type::BINARY:
      add_bytes<arrow::BinaryArray>(array, hashes);
      return {};
    case Type::FIXED_SIZE_BINARY:
      add_bytes<arrow::FixedSizeBinaryArray>(array, hashes);
      return {};
    case Type::DICTIONARY:
      return add_dictionary(static_cast<const arrow::DictionaryArray&>(array), hashes);
    case Type::EXTENSION:
      return add_array(*static_cast<const arrow::ExtensionArray&>(array).storage(), hashes);
    case Type::STRUCT:
      return add_struct(static_cast<const arrow::StructArray&>(array), hashes);
    case Type::LIST:
    case Type::MAP:
      return add_list(static_cast<const arrow::ListArray&>(array), hashes);
    default:
      return make_error(Errc::unsupported, "rows with a column of {} cannot be hashed",
                        array.type()->ToString());
  }
}

}  // namespace

Result<> add_rows(const arrow::Table& rows, ContentHash& hash) {
  Hashes hashes(static_cast<std::size_t>(rows.num_rows()), 0);
  for (const auto& column : rows.columns()) {
    std::size_t done = 0;
    for (const auto& chunk : column->chunks()) {
      const auto length = static_cast<std::size_t>(chunk->length());
      if (done == 0 && length == hashes.size()) {
        TL_TRY(add_array(*chunk, hashes));
      } else {
        Hashes part(hashes.begin() + static_cast<std::ptrdiff_t>(done),
                    hashes.begin() + static_cast<std::ptrdiff_t>(done + length));
        TL_TRY(add_array(*chunk, part));
        std::copy(part.begin(), part.end(), hashes.begin() + static_cast<std::ptrdiff_t>(done));
      }
      done += length;
    }
  }
  hash.rows += rows.num_rows();
  // Once more, so that equal columns do not cancel out between rows.
  for (const auto row : hashes) hash.sum += fold(row, null_hash);
  return {};
}

}  // namespace tradelake::iceberg
