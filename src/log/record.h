// What the log holds: frames byte for byte, with a key and a few headers.
//
// Threads: values. An offset is the place of one record; `next_offset` is the first one not
// included.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace tradelake::log {

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

enum class Origin : std::uint8_t { ws, rest, replay };

enum class RecordKind : std::uint8_t {
  frame,       // one frame as received
  part,        // a piece of a frame over the size limit; all pieces follow each other
  end_marker,  // a replay has ended: candles of this partition's markets are final for now
  gap,         // a span of time in which the key's market was not received; see gap_record.h
};

struct Headers {
  std::int64_t recv_ns = 0;  // local clock at reception; a replayed record keeps the capture's
  std::string_view category;
  std::string_view conn;
  Origin origin = Origin::ws;
  RecordKind kind = RecordKind::frame;
  std::uint32_t part = 0;   // from 0; kind part only
  std::uint32_t parts = 0;  // how many there are; kind part only
};

// A record on its way in. The views must live until append() has returned.
struct NewRecord {
  std::string_view topic;
  std::string_view key;
  Headers headers;
  std::string_view value;
  std::int64_t source_n = -1;  // place in the replayed file, from 1; -1: not from a file
};

// A record on its way out. The views live as long as the chunk they came in, and 64 readable bytes
// follow the value (simdjson reads past the end).
struct Record {
  std::int64_t offset = 0;
  Headers headers;
  std::string_view key;
  std::string_view value;
};

}  // namespace tradelake::log
