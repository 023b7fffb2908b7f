#include "log/gap_record.h"

#include <fmt/format.h>
#include <simdjson.h>

namespace tradelake::log {

std::string gap_to_json(const Gap& gap) {
  return fmt::format(R"({{"from_us":{},"to_us":{},"cause":"{}"}})", gap.from_us, gap.to_us,
                     gap.cause);
}

std::optional<Gap> gap_of(const Record& record) {
  if (record.headers.kind != RecordKind::gap) return std::nullopt;
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  std::string_view cause;
  Gap gap;
  if (parser.parse(record.value.data(), record.value.size()).get(json) ||
      json["from_us"].get(gap.from_us) || json["to_us"].get(gap.to_us) ||
      json["cause"].get(cause) || gap.from_us > gap.to_us) {
    return std::nullopt;
  }
  gap.cause = cause;
  return gap;
}

}  // namespace tradelake::log
