#include "feed/simulator/malformed.h"

#include <array>
#include <string_view>

namespace tradelake::feed {
namespace {

using F = TradeField;

struct BadValue {
  F field;
  std::string_view raw;  // empty: the field is left out
};

constexpr std::array bad_values = {
    // missing_field
    BadValue{F::i, ""},
    BadValue{F::s, ""},
    BadValue{F::S, ""},
    BadValue{F::p, ""},
    BadValue{F::v, ""},
    BadValue{F::T, ""},
    // wrong_type
    BadValue{F::i, "12"},
    BadValue{F::i, "null"},
    BadValue{F::s, "null"},
    BadValue{F::s, "[]"},
    BadValue{F::S, "1"},
    BadValue{F::p, "true"},
    BadValue{F::p, "{}"},
    BadValue{F::v, "null"},
    BadValue{F::T, "true"},
    BadValue{F::T, "[1]"},
    BadValue{F::BT, "\"false\""},
    BadValue{F::BT, "null"},
    BadValue{F::RPI, "0"},
    BadValue{F::L, "5"},
    BadValue{F::L, "null"},
    BadValue{F::seq, "\"12\""},
    BadValue{F::seq, "1.5"},
    BadValue{F::seq, "-1"},
    BadValue{F::seq, "18446744073709551616"},
    // bad_number
    BadValue{F::p, "\"\""},
    BadValue{F::p, "\"abc\""},
    BadValue{F::p, "\"1,000\""},
    BadValue{F::p, "\"+1\""},
    BadValue{F::p, "\" 1\""},
    BadValue{F::p, "\"0x10\""},
    BadValue{F::p, "\".5\""},
    BadValue{F::p, "\"1.\""},
    BadValue{F::v, "\"NaN\""},
    BadValue{F::v, "\"Infinity\""},
    BadValue{F::v, "\"1e\""},
    BadValue{F::v, "\"-3\""},
    BadValue{
        F::p,
        "\"1.0000000000000000000000000000000000000000000000000000000000000000000000000000000\""},
    // out_of_range
    BadValue{F::p, "\"0\""},
    BadValue{F::v, "\"0.000\""},
    BadValue{F::v, "\"10000000000000000\""},
    BadValue{F::p, "\"1e16\""},
    BadValue{F::p, "\"1e-19\""},
    BadValue{F::v, "\"1e400\""},
    // bad_side
    BadValue{F::S, "\"buy\""},
    BadValue{F::S, "\"\""},
    BadValue{F::S, "\"None\""},
    // bad_time
    BadValue{F::T, "0"},
    BadValue{F::T, "1199145600000"},
    BadValue{F::T, "1790409769487.5"},
    BadValue{F::T, "\"\""},
    BadValue{F::T, "\"soon\""},
    BadValue{F::T, "-1"},
    // empty and over-long names
    BadValue{F::i, "\"\""},
    BadValue{F::s, "\"\""},
    BadValue{F::i,
             "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""},
};

// The first four are good, the others just beyond. Price times size is limited too, so each field
// is judged beside an ordinary partner.
constexpr std::array extreme_values = {
    BadValue{F::p, "\"0.000000000000000001\""},
    BadValue{F::v, "\"1E-18\""},
    BadValue{F::p, "\"1.5e-12\""},
    BadValue{F::v, "\"0.100000000000000000000000000\""},
    BadValue{F::v, "\"9999999999999999.999999999999999999\""},
    BadValue{F::p, "\"9999999999999999\""},
    BadValue{F::v, "\"902527076000000.1\""},
    BadValue{F::p, "\"10000000000000000\""},
    BadValue{F::v, "\"0.0000000000000000001\""},
};

void replace_once(std::string& text, std::string_view from, std::string_view to) {
  if (const auto at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
}

std::string garbage(Random& random) {
  std::string text(1 + random.below(200), ' ');
  for (char& c : text) c = static_cast<char>(' ' + random.below(95));
  return text;
}

FieldOverride override_of(std::size_t trade, const BadValue& bad) {
  if (bad.raw.empty()) return {trade, bad.field, std::nullopt};
  return {trade, bad.field, std::string(bad.raw)};
}

}  // namespace

FieldOverride bad_field(std::size_t trade, Random& random) {
  return override_of(trade, bad_values[random.below(bad_values.size())]);
}

FieldOverride extreme_field(std::size_t trade, Random& random) {
  return override_of(trade, extreme_values[random.below(extreme_values.size())]);
}

std::string break_utf8(std::string good, Random& random) {
  constexpr std::array<std::string_view, 4> bad = {"\xff", "\xc3(", "\xe2\x82", "\xed\xa0\x80"};
  const auto colon = good.rfind("\":\"");
  good.insert(colon == std::string::npos ? good.size() / 2 : colon + 3,
              bad[random.below(bad.size())]);
  return good;
}

std::string break_frame(std::string good, bybit::Category category, const Stream& stream,
                        const Listing& listing, Random& random) {
  const std::string named = "\"topic\":\"" + stream.topic + "\"";
  switch (random.below(12)) {
    case 0:
      return garbage(random);
    case 1:
      return good + "x";
    case 2:
      return good + good;
    case 3:
      replace_once(good, named, "\"topik\":\"" + stream.topic + "\"");
      return good;
    case 4:
      replace_once(good, named, "\"topic\":17");
      return good;
    case 5:
      replace_once(good, "\"data\":[", "\"date\":[");
      return good;
    case 6:
      return "{" + named + R"(,"type":"snapshot","ts":1,"data":{"T":1}})";
    case 7:
      return "{" + named + R"(,"type":"snapshot","ts":1,"data":[)";
    case 8:
      return "[" + good + "]";
    case 9:
      if (category == bybit::Category::option) {
        replace_once(good, named,
                     "\"topic\":\"publicTrade." +
                         listing.instruments[stream.instruments.front()].symbol + "\"");
        return good;
      }
      return "null";
    default:
      return good.substr(0, random.below(static_cast<std::uint32_t>(good.size())));
  }
}

}  // namespace tradelake::feed
