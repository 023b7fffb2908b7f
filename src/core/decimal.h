// Exact decimals: Iceberg decimal(38,18) as one 128-bit integer counting units of 10^-18.
//
// Threads: values. Invariant: |units| < 10^38 for every Decimal that came out of this file.
// Does not: know floating point. Nothing here ever rounds except turnover(), HALF_UP, as
// docs/tables.md defines it.
#pragma once

#include <compare>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "core/int128.h"

namespace tradelake {

struct Decimal {
  int128_t units = 0;
  static constexpr int scale = 18;
  static constexpr int precision = 38;
  friend constexpr auto operator<=>(const Decimal&, const Decimal&) = default;
};

enum class DecimalError {
  bad_number,   // not of the form digits[.digits][e[+-]digits], or over 80 characters
  too_large,    // a number, but 10^16 or more
  too_precise,  // a number below 10^16 with more than 18 fractional digits
};

// Text as the exchange sends it, taken exactly; trailing zeros of the fraction do not count.
std::expected<Decimal, DecimalError> parse_decimal(std::string_view text);

// The same of a sum of such values, which may fill decimal(38,18): too_large is 10^20 or more.
std::expected<Decimal, DecimalError> parse_sum(std::string_view text);

// Shortest exact text: no exponent, no trailing zeros ("0.000000000001", "61837.63", "-2").
std::string to_string(Decimal value);

// a + b, or nothing where the sum leaves decimal(38,18).
std::optional<Decimal> add(Decimal a, Decimal b);

// price x size rounded to 18 decimals HALF_UP; nothing where it leaves decimal(38,18). Inputs > 0.
std::optional<Decimal> multiply(Decimal price, Decimal size);

// size / price rounded to 18 decimals HALF_UP (an inverse contract's turnover, in base coin);
// nothing where it leaves decimal(38,18). Inputs > 0.
std::optional<Decimal> divide(Decimal size, Decimal price);

// True if price x size, unrounded, is below 10^19 (design: a good trade). Inputs > 0.
bool product_below_1e19(Decimal price, Decimal size);

}  // namespace tradelake
