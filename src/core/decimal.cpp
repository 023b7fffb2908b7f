#include "core/decimal.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tradelake {
namespace {

constexpr std::size_t max_text_length = 80;

constexpr std::array<uint128_t, 39> powers_of_ten = [] {
  std::array<uint128_t, 39> table{};
  table[0] = 1;
  for (std::size_t i = 1; i < table.size(); ++i) table[i] = table[i - 1] * 10;
  return table;
}();
constexpr uint128_t unit = powers_of_ten[18];
constexpr int most_whole_digits_of_a_value = 16;
constexpr int most_whole_digits_of_a_sum = 20;
constexpr uint128_t value_limit = powers_of_ten[34];      // 10^16 in units
constexpr uint128_t precision_limit = powers_of_ten[38];  // first value outside decimal(38,18)

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

struct Uint256 {
  uint128_t high, low;
};

Uint256 multiply_wide(uint128_t a, uint128_t b) {
  const uint128_t mask = ~std::uint64_t{0};
  const uint128_t a0 = a & mask, a1 = a >> 64, b0 = b & mask, b1 = b >> 64;
  const uint128_t p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0, p11 = a1 * b1;
  const uint128_t middle = (p00 >> 64) + (p01 & mask) + (p10 & mask);
  return {p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64), (middle << 64) | (p00 & mask)};
}

// Quotient of value / divisor with the remainder; value.high < divisor, so the quotient fits.
struct Division {
  uint128_t quotient, remainder;
};
Division divide_wide(Uint256 value, uint128_t divisor) {
  if (value.high == 0) return {value.low / divisor, value.low % divisor};
  if ((divisor >> 64) == 0) {
    // Limb by limb: each step is one hardware division, since the remainder is below the divisor.
    uint128_t remainder = value.high % divisor;
    const uint128_t upper = (remainder << 64) | (value.low >> 64);
    remainder = upper % divisor;
    const uint128_t lower = (remainder << 64) | static_cast<std::uint64_t>(value.low);
    return {((upper / divisor) << 64) | (lower / divisor), lower % divisor};
  }
  uint128_t remainder = value.high, quotient = 0;
  for (int bit = 127; bit >= 0; --bit) {
    const bool carry = (remainder >> 127) != 0;
    remainder = (remainder << 1) | ((value.low >> bit) & 1);
    quotient <<= 1;
    if (carry || remainder >= divisor) {
      remainder -= divisor;
      quotient |= 1;
    }
  }
  return {quotient, remainder};
}

// value / divisor, HALF_UP, or nothing at 10^38 units and beyond.
std::optional<Decimal> round_half_up(Uint256 value, uint128_t divisor) {
  if (value.high >= divisor) return std::nullopt;
  auto [quotient, remainder] = divide_wide(value, divisor);
  if (quotient >= precision_limit) return std::nullopt;
  if (remainder >= divisor - remainder) ++quotient;
  if (quotient >= precision_limit) return std::nullopt;
  return Decimal{static_cast<int128_t>(quotient)};
}

// The value digits x 10^exponent in units, where digits has `count` significant digits, the first
// one not zero.
std::expected<Decimal, DecimalError> scale_digits(const char* digits, int count, long exponent,
                                                  int most_whole_digits) {
  if (count + exponent > most_whole_digits) return std::unexpected(DecimalError::too_large);
  if (exponent < -18) return std::unexpected(DecimalError::too_precise);
  uint128_t value = 0;
  for (int i = 0; i < count; ++i) value = value * 10 + static_cast<unsigned>(digits[i] - '0');
  value *= powers_of_ten[static_cast<std::size_t>(exponent + 18)];
  return Decimal{static_cast<int128_t>(value)};
}

// The general form: leading zeros, long fractions, exponents.
std::expected<Decimal, DecimalError> parse_any(std::string_view text, int most_whole_digits) {
  char digits[max_text_length];
  int count = 0;
  long exponent = 0;
  std::size_t at = 0;
  const auto take_digits = [&](bool fraction) {
    const std::size_t start = at;
    while (at < text.size() && is_digit(text[at])) {
      if (count > 0 || text[at] != '0') digits[count++] = text[at];
      if (fraction) --exponent;
      ++at;
    }
    return at > start;
  };
  if (!take_digits(false)) return std::unexpected(DecimalError::bad_number);
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!take_digits(true)) return std::unexpected(DecimalError::bad_number);
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    bool negative = false;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) negative = text[at++] == '-';
    const std::size_t start = at;
    long shift = 0;
    while (at < text.size() && is_digit(text[at])) {
      shift = std::min(shift * 10 + (text[at] - '0'), 1'000'000L);
      ++at;
    }
    if (at == start) return std::unexpected(DecimalError::bad_number);
    exponent += negative ? -shift : shift;
  }
  if (at != text.size()) return std::unexpected(DecimalError::bad_number);
  while (count > 0 && digits[count - 1] == '0') {
    --count;
    ++exponent;
  }
  if (count == 0) return Decimal{0};
  return scale_digits(digits, count, exponent, most_whole_digits);
}

}  // namespace

std::expected<Decimal, DecimalError> parse_decimal(std::string_view text) {
  if (text.empty() || text.size() > max_text_length) {
    return std::unexpected(DecimalError::bad_number);
  }
  // The usual case: at most 18 digits and a point, no exponent. One 64-bit accumulator.
  if (text.size() <= 19) {
    std::uint64_t value = 0;
    std::size_t point = text.size();
    std::size_t at = 0;
    for (; at < text.size(); ++at) {
      const char c = text[at];
      if (is_digit(c)) {
        value = value * 10 + static_cast<unsigned>(c - '0');
      } else if (c == '.' && point == text.size() && at > 0 && at + 1 < text.size()) {
        point = at;
      } else {
        break;
      }
    }
    if (at == text.size()) {
      const std::size_t fraction = point == text.size() ? 0 : text.size() - point - 1;
      const uint128_t units = value * powers_of_ten[18 - fraction];
      if (units >= value_limit) return std::unexpected(DecimalError::too_large);
      return Decimal{static_cast<int128_t>(units)};
    }
  }
  return parse_any(text, most_whole_digits_of_a_value);
}

std::expected<Decimal, DecimalError> parse_sum(std::string_view text) {
  if (text.empty() || text.size() > max_text_length)
    return std::unexpected(DecimalError::bad_number);
  return parse_any(text, most_whole_digits_of_a_sum);
}

std::string to_string(Decimal value) {
  const bool negative = value.units < 0;
  uint128_t rest =
      negative ? -static_cast<uint128_t>(value.units) : static_cast<uint128_t>(value.units);
  char buffer[48];
  char* end = buffer + sizeof buffer;
  char* at = end;
  int position = 0;
  bool significant = false;
  while (rest != 0 || position <= Decimal::scale) {
    const char digit = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
    if (position == Decimal::scale && significant) *--at = '.';
    if (position >= Decimal::scale || significant || digit != '0') {
      *--at = digit;
      significant = significant || position < Decimal::scale;
    }
    ++position;
  }
  if (negative) *--at = '-';
  return {at, end};
}

std::optional<Decimal> add(Decimal a, Decimal b) {
  int128_t sum = 0;  // of two numbers below 10^38: it can leave 127 bits
  if (__builtin_add_overflow(a.units, b.units, &sum)) return std::nullopt;
  const auto limit = static_cast<int128_t>(precision_limit);
  if (sum >= limit || sum <= -limit) return std::nullopt;
  return Decimal{sum};
}

std::optional<Decimal> multiply(Decimal price, Decimal size) {
  return round_half_up(
      multiply_wide(static_cast<uint128_t>(price.units), static_cast<uint128_t>(size.units)), unit);
}

std::optional<Decimal> divide(Decimal size, Decimal price) {
  // size x 10^18 / price. Prices have few decimals: taking the tens out of both sides first mostly
  // leaves a divisor of 64 bits, and changes nothing about the quotient.
  auto divisor = static_cast<uint128_t>(price.units);
  std::size_t tens = 18;
  for (const std::size_t step : {9, 5, 3, 1}) {
    if (tens < step || divisor % powers_of_ten[step] != 0) continue;
    divisor /= powers_of_ten[step];
    tens -= step;
  }
  return round_half_up(multiply_wide(static_cast<uint128_t>(size.units), powers_of_ten[tens]),
                       divisor);
}

bool product_below_1e19(Decimal price, Decimal size) {
  // In units of 10^-36 the bound is 10^55 = 10^38 x 10^17.
  constexpr auto split = [] {
    const uint128_t mask = ~std::uint64_t{0};
    const uint128_t a = powers_of_ten[38], b = powers_of_ten[17];
    const uint128_t low = (a & mask) * b, high = (a >> 64) * b + (low >> 64);
    return Uint256{high >> 64, (high << 64) | (low & mask)};
  }();
  const Uint256 product =
      multiply_wide(static_cast<uint128_t>(price.units), static_cast<uint128_t>(size.units));
  return product.high != split.high ? product.high < split.high : product.low < split.low;
}

}  // namespace tradelake
