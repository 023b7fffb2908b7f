#include "core/decimal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tradelake {
namespace {

std::string parsed(std::string_view text) {
  const auto value = parse_decimal(text);
  if (value) return to_string(*value);
  switch (value.error()) {
    case DecimalError::bad_number:
      return "bad_number";
    case DecimalError::too_large:
      return "too_large";
    case DecimalError::too_precise:
      return "too_precise";
  }
  return "?";
}

Decimal dec(std::string_view text) {
  return *parse_decimal(text);
}
std::string show(std::optional<Decimal> value) {
  return value ? to_string(*value) : "null";
}

TEST(ParseDecimal, TakesTheTextExactly) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"61837.63", "61837.63"},
      {"84017.50", "84017.5"},
      {"0.000000000001", "0.000000000001"},
      {"0", "0"},
      {"000.10", "0.1"},
      {"1e-18", "0.000000000000000001"},
      {"10e-19", "0.000000000000000001"},
      {"1.5E3", "1500"},
      {"9999999999999999.999999999999999999", "9999999999999999.999999999999999999"},
      {"1.10000000000000000000000000000", "1.1"},
      {"1e15", "1000000000000000"},
      {"0e999999999999", "0"},
      {"900000000000000.1", "900000000000000.1"},
      {"999999999999999999e-10", "99999999.9999999999"}};
  for (const auto& [text, expected] : table) EXPECT_EQ(parsed(text), expected) << text;
}

TEST(ParseDecimal, NamesWhatIsWrong) {
  for (const auto* text : {"", ".", "1.", ".5", "-1", "+1", "NaN", "Infinity", " 1", "1 ", "1e",
                           "1e+", "0x1", "1.2.3", "1,5", "--1", "1e5.5"}) {
    EXPECT_EQ(parsed(text), "bad_number") << text;
  }
  EXPECT_EQ(parsed(std::string(81, '1')), "bad_number");
  for (const auto* text :
       {"10000000000000000", "1e16", "1e999999999999", "123456789012345678901234567890123456789"}) {
    EXPECT_EQ(parsed(text), "too_large") << text;
  }
  for (const auto* text : {"0.0000000000000000001", "1e-19", "1e-999999999999"}) {
    EXPECT_EQ(parsed(text), "too_precise") << text;
  }
}

TEST(ParseSum, TakesWhatFitsTheType) {
  EXPECT_EQ(to_string(*parse_sum("99999999999999999999.999999999999999999")),
            "99999999999999999999.999999999999999999");
  EXPECT_EQ(to_string(*parse_sum("10000000000000000")), "10000000000000000");
  EXPECT_EQ(to_string(*parse_sum("0")), "0");
  EXPECT_EQ(to_string(*parse_sum("3.712")), "3.712");
  EXPECT_EQ(parse_sum("100000000000000000000").error(), DecimalError::too_large);
  EXPECT_EQ(parse_sum("1e20").error(), DecimalError::too_large);
  EXPECT_EQ(parse_sum("0.0000000000000000001").error(), DecimalError::too_precise);
  for (const auto* text : {"", "-1", "1.", ".5", "1,5", "0x1"})
    EXPECT_EQ(parse_sum(text).error(), DecimalError::bad_number) << text;
  EXPECT_EQ(parse_sum(std::string(81, '1')).error(), DecimalError::bad_number);
}

TEST(Turnover, RoundsHalfUpAtEighteenDecimals) {
  EXPECT_EQ(show(multiply(dec("0.000000000001"), dec("900000000000000"))), "900");
  EXPECT_EQ(show(multiply(dec("0.000000000000000001"), dec("0.5"))), "0.000000000000000001");
  EXPECT_EQ(show(multiply(dec("0.000000000000000001"), dec("0.499999999999999999"))), "0");
  EXPECT_EQ(show(divide(dec("2"), dec("3"))), "0.666666666666666667");
  EXPECT_EQ(show(divide(dec("1"), dec("3"))), "0.333333333333333333");
  EXPECT_EQ(show(divide(dec("5823"), dec("28560.50"))), "0.20388298524185501");
  EXPECT_EQ(show(divide(dec("9999999999999999"), dec("0.000000000000000001"))), "null");
  EXPECT_EQ(show(divide(dec("99"), dec("0.000000000000000001"))), "99000000000000000000");
}

// Schoolbook long division, digit by digit, as a second opinion on the fast paths.
std::string long_division(uint128_t size_units, uint128_t price_units) {
  std::string quotient;
  uint128_t remainder = 0;
  std::string digits = fmt::format("{}{:018}", size_units, 0);
  for (const char c : digits) {
    remainder = remainder * 10 + static_cast<unsigned>(c - '0');
    quotient += static_cast<char>('0' + static_cast<int>(remainder / price_units));
    remainder %= price_units;
  }
  int128_t units = 0;
  for (const char c : quotient) units = units * 10 + (c - '0');
  if (remainder * 2 >= price_units) ++units;
  return to_string(Decimal{units});
}

RC_GTEST_PROP(TurnoverProperty, DivisionAgreesWithLongDivision, ()) {
  const auto price = *rc::gen::inRange<std::int64_t>(1, 1'000'000'000);
  const auto size = *rc::gen::inRange<std::int64_t>(1, 1'000'000'000);
  uint128_t price_units = static_cast<uint128_t>(price), size_units = static_cast<uint128_t>(size);
  for (int i = *rc::gen::inRange(0, 24); i > 0; --i) price_units *= 10;
  for (int i = *rc::gen::inRange(0, 10); i > 0; --i) size_units *= 10;
  const auto value = divide(Decimal{static_cast<int128_t>(size_units)},
                            Decimal{static_cast<int128_t>(price_units)});
  if (value) RC_ASSERT(to_string(*value) == long_division(size_units, price_units));
}

TEST(Turnover, ProductBound) {
  EXPECT_TRUE(product_below_1e19(dec("9999999999999999"), dec("1000")));
  EXPECT_FALSE(product_below_1e19(dec("1000000000000000"), dec("10000")));
  EXPECT_TRUE(product_below_1e19(dec("1000000000000000"), dec("9999.999999999999999999")));
}

TEST(Add, IsNothingBeyondThePrecision) {
  // 10^38 - 1 units is the largest value of the type.
  const Decimal half{int128_t{5'000'000'000'000'000'000} * 1'000'000'000 * 10'000'000'000};
  EXPECT_EQ(show(add(half, Decimal{half.units - 1})), "99999999999999999999.999999999999999999");
  EXPECT_EQ(show(add(half, half)), "null");
  EXPECT_EQ(show(add(Decimal{-half.units}, Decimal{-half.units})), "null");
}

}  // namespace
}  // namespace tradelake
