#include "feed/simulator/trade_frame.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <vector>

namespace tradelake::feed {
namespace {

using bybit::Category;
using F = TradeField;

// Key orders as the exchange has them per category.
constexpr std::array spot_order = {F::i, F::T, F::p, F::v, F::S, F::seq, F::s, F::BT, F::RPI};
constexpr std::array futures_order = {F::T, F::s, F::S,  F::v,   F::p,
                                      F::L, F::i, F::BT, F::RPI, F::seq};
constexpr std::array option_order = {F::T,   F::s,  F::S,  F::v,   F::p,  F::i,  F::BT,
                                     F::RPI, F::mP, F::iP, F::mIv, F::iv, F::seq};

constexpr std::array<std::string_view, 16> field_names = {
    "T", "s", "S", "v", "p", "L", "i", "BT", "RPI", "seq", "mP", "iP", "mIv", "iv", "xF", "xN"};

constexpr std::array<std::string_view, 4> direction_names = {"PlusTick", "ZeroPlusTick",
                                                             "MinusTick", "ZeroMinusTick"};

std::span<const F> order_of(Category category) {
  if (category == Category::spot) return spot_order;
  if (category == Category::option) return option_order;
  return futures_order;
}

void append(std::string& out, std::integral auto value) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
}

void append_hex(char*& at, std::uint64_t value, int digits) {
  constexpr char hex[] = "0123456789abcdef";
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) *at++ = hex[(value >> shift) & 15];
}

struct Writer {
  std::string& out;
  const Listing& listing;
  const FrameShape& shape;
  Random random;

  void number(auto&& write) {
    if (!shape.bare_numbers) out += '"';
    write();
    if (!shape.bare_numbers) out += '"';
  }

  // Values that only options carry; what they say does not matter, their digits are stable per
  // trade.
  void option_value(const GeneratedTrade& trade, F field) {
    const auto salt = static_cast<unsigned>(field) * 16;
    out += '"';
    write_scaled(out, 1 + static_cast<std::int64_t>((trade.id[0] >> salt % 48) & 0xffff), 4, true);
    out += '"';
  }

  void value(const GeneratedTrade& trade, F field) {
    const auto& instrument = listing.instruments[trade.instrument];
    switch (field) {
      case F::T:
        if (shape.bare_numbers) out += '"';
        append(out, trade.time_ms);
        if (shape.bare_numbers) out += '"';
        break;
      case F::s:
        out += '"';
        out += instrument.symbol;
        out += '"';
        break;
      case F::S:
        out += trade.buy ? "\"Buy\"" : "\"Sell\"";
        break;
      case F::v:
        number([&] { write_size(out, trade, instrument); });
        break;
      case F::p:
        number([&] { write_price(out, trade, instrument); });
        break;
      case F::L:
        out += '"';
        out += direction_names[static_cast<std::size_t>(trade.direction)];
        out += '"';
        break;
      case F::i:
        out += '"';
        write_trade_id(out, trade, instrument.category);
        out += '"';
        break;
      case F::BT:
        out += trade.block ? "true" : "false";
        break;
      case F::RPI:
        out += trade.rpi ? "true" : "false";
        break;
      case F::seq:
        append(out, trade.seq);
        break;
      case F::mP:
      case F::iP:
      case F::mIv:
      case F::iv:
        option_value(trade, field);
        break;
      case F::unknown_scalar:
        out += "\"n\\u00e9w \\\"value\\\"\"";
        break;
      case F::unknown_nested:
        out += R"({"a":[1,2.50,{"T":"x"}],"b":null})";
        break;
    }
  }

  void key(std::string_view name) {
    out += '"';
    out += name;
    out += "\":";
  }

  bool optional(F field) const {
    return field == F::L || field == F::BT || field == F::RPI || field == F::seq;
  }

  void plain_trade(const GeneratedTrade& trade, std::span<const F> order) {
    char separator = '{';
    for (const F field : order) {
      out += separator;
      key(field_names[static_cast<std::size_t>(field)]);
      value(trade, field);
      separator = ',';
    }
    out += '}';
  }

  void varied_trade(const GeneratedTrade& trade, std::span<const F> order, std::size_t index) {
    std::vector<F> fields(order.begin(), order.end());
    if (shape.omit_optional) std::erase_if(fields, [&](F f) { return optional(f); });
    if (shape.unknown_fields) {
      fields.insert(fields.begin() + random.below(3), F::unknown_scalar);
      fields.push_back(F::unknown_nested);
    }
    if (shape.shuffle_keys) shuffle(fields);
    char separator = '{';
    if (shape.duplicate_keys) {
      out += R"({"p":"0","i":"","T":null)";
      separator = ',';
    }
    for (const F field : fields) {
      const bool replaced =
          shape.override && shape.override->trade == index && shape.override->field == field;
      if (replaced && !shape.override->raw) continue;
      out += separator;
      separator = ',';
      key(field_names[static_cast<std::size_t>(field)]);
      if (replaced) {
        out += *shape.override->raw;
      } else {
        value(trade, field);
      }
    }
    if (separator == '{') out += '{';
    out += '}';
  }

  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t n = items.size(); n > 1; --n) {
      std::swap(items[n - 1], items[random.below(static_cast<std::uint32_t>(n))]);
    }
  }

  void data(const GeneratedFrame& frame, std::span<const F> order) {
    out += "\"data\":[";
    const bool plain = shape.plain();
    for (std::size_t i = 0; i < frame.trades.size(); ++i) {
      if (i > 0) out += ',';
      if (plain) {
        plain_trade(frame.trades[i], order);
      } else {
        varied_trade(frame.trades[i], order, i);
      }
    }
    out += ']';
  }

  void envelope_part(const GeneratedFrame& frame, char part) {
    const auto& stream = listing.streams[frame.stream];
    switch (part) {
      case 'i':
        key("id");
        out += '"';
        out += stream.topic;
        out += '-';
        append(out, frame.trades.empty() ? 0 : frame.trades.front().seq);
        out += '-';
        append(out, frame.sent_ms);
        out += '"';
        break;
      case 'n':
        key("topic");
        out += '"';
        out += stream.topic;
        out += '"';
        break;
      case 'y':
        out += R"("type":"snapshot")";
        break;
      case 't':
        key("ts");
        if (shape.bare_numbers) out += '"';
        append(out, frame.sent_ms);
        if (shape.bare_numbers) out += '"';
        break;
      case 'x':
        out += R"("cs":{"v":[1,null]},"note":"")";
        break;
      default:
        data(frame, order_of(stream.category));
    }
  }

  void frame(const GeneratedFrame& frame) {
    const auto category = listing.streams[frame.stream].category;
    const std::string_view usual = category == Category::spot     ? "ntyd"
                                   : category == Category::option ? "inytd"
                                                                  : "nytd";
    std::vector<char> parts(usual.begin(), usual.end());
    if (shape.omit_optional) std::erase(parts, 't');
    if (shape.unknown_fields) parts.push_back('x');
    if (shape.shuffle_keys) shuffle(parts);
    char separator = '{';
    for (const char part : parts) {
      out += separator;
      separator = ',';
      envelope_part(frame, part);
    }
    out += '}';
  }
};

}  // namespace

void write_scaled(std::string& out, std::int64_t value, int decimals, bool trim) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  auto length = static_cast<int>(end - digits);
  if (trim) {
    while (decimals > 0 && length > 1 && digits[length - 1] == '0') {
      --length;
      --decimals;
    }
    if (length == 1 && digits[0] == '0') decimals = 0;
  }
  if (length <= decimals) {
    out += "0.";
    out.append(static_cast<std::size_t>(decimals - length), '0');
    out.append(digits, static_cast<std::size_t>(length));
    return;
  }
  out.append(digits, static_cast<std::size_t>(length - decimals));
  if (decimals > 0) {
    out += '.';
    out.append(digits + length - decimals, static_cast<std::size_t>(decimals));
  }
}

void write_trade_id(std::string& out, const GeneratedTrade& trade, Category category) {
  if (category == Category::spot) return append(out, trade.id[0]);
  char text[36];
  char* at = text;
  append_hex(at, trade.id[0] >> 32, 8);
  *at++ = '-';
  append_hex(at, trade.id[0] >> 16, 4);
  *at++ = '-';
  append_hex(at, (trade.id[0] & 0x0fff) | 0x5000, 4);  // version 5, as the exchange's have
  *at++ = '-';
  append_hex(at, ((trade.id[1] >> 48) & 0x3fff) | 0x8000, 4);
  *at++ = '-';
  append_hex(at, trade.id[1], 12);
  out.append(text, sizeof text);
}

void write_price(std::string& out, const GeneratedTrade& trade, const Instrument& instrument) {
  const bool trim =
      instrument.category == Category::spot || instrument.category == Category::option;
  write_scaled(out, trade.price, instrument.price_decimals, trim);
}

void write_size(std::string& out, const GeneratedTrade& trade, const Instrument& instrument) {
  write_scaled(out, trade.size, instrument.size_decimals, instrument.category == Category::spot);
}

void write_trade_frame(std::string& out, const Listing& listing, const GeneratedFrame& frame,
                       const FrameShape& shape) {
  Writer{out, listing, shape, Random(shape.seed)}.frame(frame);
}

}  // namespace tradelake::feed
