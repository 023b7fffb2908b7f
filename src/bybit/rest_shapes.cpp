#include "bybit/rest_shapes.h"

#include <charconv>

#include <simdjson.h>

namespace tradelake::bybit {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

std::string text_at(const object& from, std::string_view key) {
  std::string_view value;
  return from[key].get_string().get(value) ? std::string() : std::string(value);
}

// The code says what the caller may do: a region is refused for good, too many requests are not.
Errc code_of(std::int64_t ret_code) {
  switch (ret_code) {
    case 10001:  // wrong parameter
      return Errc::invalid_argument;
    case 10009:  // not allowed from this address
      return Errc::unsupported;
    default:
      return Errc::unavailable;
  }
}

// `result` of an answer whose retCode is 0. Lives as long as the parser.
Result<object> result_of(simdjson::dom::parser& parser, std::string_view body) {
  object envelope;
  std::int64_t ret_code = 0;
  if (parser.parse(body.data(), body.size()).get_object().get(envelope) ||
      envelope["retCode"].get_int64().get(ret_code)) {
    return make_error(Errc::unavailable, "bybit rest: the answer has no retCode: '{}'",
                      body.substr(0, 120));
  }
  if (ret_code != 0) {
    return make_error(code_of(ret_code), "bybit rest: retCode {}: {}", ret_code,
                      text_at(envelope, "retMsg"));
  }
  object result;
  if (envelope["result"].get_object().get(result)) {
    return make_error(Errc::unavailable, "bybit rest: the answer has no result");
  }
  return result;
}

}  // namespace

Result<InstrumentsPage> parse_instruments_page(std::string_view body) {
  simdjson::dom::parser parser;
  TL_ASSIGN(const auto result, result_of(parser, body));
  simdjson::dom::array list;
  if (result["list"].get_array().get(list)) {
    return make_error(Errc::unavailable, "bybit rest: instruments-info has no list");
  }
  InstrumentsPage page;
  page.next_cursor = text_at(result, "nextPageCursor");  // null and none mean the last page, too
  for (const element item : list) {
    object entry;
    if (item.get_object().get(entry)) continue;
    InstrumentInfo info;
    info.symbol = text_at(entry, "symbol");
    info.base_coin = text_at(entry, "baseCoin");
    info.quote_coin = text_at(entry, "quoteCoin");
    info.status = text_at(entry, "status");
    object prices;
    if (!entry["priceFilter"].get_object().get(prices))
      info.tick_size = text_at(prices, "tickSize");
    if (!info.symbol.empty()) page.instruments.push_back(std::move(info));
  }
  return page;
}

Result<std::int64_t> parse_server_time_ns(std::string_view body) {
  simdjson::dom::parser parser;
  TL_ASSIGN(const auto result, result_of(parser, body));
  const auto text = text_at(result, "timeNano");
  std::int64_t time_ns = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), time_ns);
  if (text.empty() || parsed.ptr != text.data() + text.size() || parsed.ec != std::errc{}) {
    return make_error(Errc::unavailable, "bybit rest: timeNano is '{}', not a number", text);
  }
  return time_ns;
}

}  // namespace tradelake::bybit
