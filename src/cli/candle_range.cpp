#include "cli/candle_range.h"

#include "core/time.h"
#include "iceberg/value_text.h"

namespace tradelake::cli {
namespace {

Result<std::int64_t> parse_start(const char* flag, const std::string& text, std::int64_t step_us,
                                 std::string_view unit) {
  const auto us = iceberg::parse_timestamp_us(text);
  if (us && floor_to(*us, step_us) == *us) return *us;
  return make_error(Errc::invalid_argument,
                    "{} is '{}'; allowed: the start of {}, as 2024-08-08T{}:00Z (UTC) or "
                    "in milliseconds since 1970",
                    flag, text, unit, step_us > us_per_hour ? "00:00" : "23:00");
}

}  // namespace

void CandleRangeFlags::add(CLI::App& command) {
  command.add_option("--from", from, "First minute: 2024-08-08T23:00:00Z, or milliseconds")
      ->required();
  command.add_option("--to", to, "The first minute after the range")->required();
  command.add_option("--symbols", symbols,
                     "Of these markets, as linear:BTCUSDT,spot:* (default: all); options by base "
                     "coin");
}

Result<CandleRange> CandleRangeFlags::parse(std::int64_t step_us, std::string_view unit) const {
  CandleRange range;
  TL_ASSIGN(range.from_us, parse_start("--from", from, step_us, unit));
  TL_ASSIGN(range.to_us, parse_start("--to", to, step_us, unit));
  if (range.to_us <= range.from_us) {
    return make_error(Errc::invalid_argument, "--to is {}; allowed: later than --from, {}",
                      format_us(range.to_us), format_us(range.from_us));
  }
  if (!symbols.empty()) {
    TL_ASSIGN(range.markets, bybit::parse_markets(symbols));
  }
  return range;
}

}  // namespace tradelake::cli
