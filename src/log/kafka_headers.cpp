#include "log/kafka_headers.h"

#include <charconv>

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

namespace tradelake::log {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::size_t most_headers = 9;

constexpr std::string_view name_of(Origin origin) {
  switch (origin) {
    case Origin::ws:
      return "ws";
    case Origin::rest:
      return "rest";
    case Origin::replay:
      return "replay";
  }
  return "ws";
}

constexpr std::string_view part_name = "part", end_marker_name = "end_marker", gap_name = "gap";

void add(rd_kafka_headers_t* headers, const char* name, std::string_view text) {
  if (text.empty()) return;
  rd_kafka_header_add(headers, name, -1, text.data(), static_cast<ssize_t>(text.size()));
}

void add_number(rd_kafka_headers_t* headers, const char* name, std::int64_t value) {
  const fmt::format_int text(value);
  add(headers, name, {text.data(), text.size()});
}

// Keeps `value` unless the text is a number that fits.
template <class T>
void take_number(std::string_view text, T& value) {
  T parsed{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error == std::errc{} && end == text.data() + text.size()) value = parsed;
}

// "bybit.v5.linear.publicTrade": the part before the last.
std::string_view category_in(std::string_view topic) {
  const auto last = topic.rfind('.');
  if (last == std::string_view::npos || last == 0) return {};
  const auto before = topic.rfind('.', last - 1);
  if (before == std::string_view::npos) return {};
  return topic.substr(before + 1, last - before - 1);
}

void take(std::string_view name, std::string_view text, Headers& headers) {
  if (name == "recv_ns") {
    take_number(text, headers.recv_ns);
  } else if (name == "category") {
    headers.category = text;
  } else if (name == "conn") {
    headers.conn = text;
  } else if (name == "origin") {
    for (const auto origin : {Origin::rest, Origin::replay})
      if (text == name_of(origin)) headers.origin = origin;
  } else if (name == "kind") {
    if (text == part_name) headers.kind = RecordKind::part;
    if (text == end_marker_name) headers.kind = RecordKind::end_marker;
    if (text == gap_name) headers.kind = RecordKind::gap;
  } else if (name == "part") {
    take_number(text, headers.part);
  } else if (name == "parts") {
    take_number(text, headers.parts);
  }
}

}  // namespace

rd_kafka_headers_s* to_kafka_headers(const NewRecord& record, std::string_view source) {
  const auto& from = record.headers;
  auto* headers = rd_kafka_headers_new(most_headers);
  add_number(headers, "recv_ns", from.recv_ns);
  add(headers, "category", from.category);
  add(headers, "conn", from.conn);
  add(headers, "origin", name_of(from.origin));
  if (from.kind == RecordKind::end_marker) add(headers, "kind", end_marker_name);
  if (from.kind == RecordKind::gap) add(headers, "kind", gap_name);
  if (from.kind == RecordKind::part) {
    add(headers, "kind", part_name);
    add(headers, "reason", "too_large");
    add_number(headers, "part", from.part);
    add_number(headers, "parts", from.parts);
  }
  if (!source.empty()) {
    add(headers, "src", source);
    add_number(headers, "n", record.source_n);
  }
  return headers;
}

Headers from_kafka_headers(const rd_kafka_message_s& message, std::string_view topic) {
  Headers result;
  rd_kafka_headers_t* headers = nullptr;
  const bool any = rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; any && rd_kafka_header_get_all(headers, i, &name, &value, &size) ==
                                     RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    if (value != nullptr) take(name, {static_cast<const char*>(value), size}, result);
  }
  if (result.recv_ns <= 0) {
    rd_kafka_timestamp_type_t type{};
    const auto appended_ms = rd_kafka_message_timestamp(&message, &type);
    result.recv_ns = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? 0 : appended_ms * ns_per_ms;
  }
  if (result.category.empty()) result.category = category_in(topic);
  // A part that does not say of how many would never be complete.
  if (result.kind == RecordKind::part && result.part >= result.parts)
    result.kind = RecordKind::frame;
  return result;
}

}  // namespace tradelake::log
