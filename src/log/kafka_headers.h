// A record's headers as Kafka's: name and text each, so that any other reader understands them.
//
// Written: recv_ns, category, conn, origin; kind (part, end_marker or gap) unless it is a frame;
// reason, part and parts of a part; src and n of a replayed record; none that is empty. Threads:
// functions. Invariant: what another producer has written, or left out, is read as a frame received
// at its append time. Internal to src/log.
#pragma once

#include <cstdint>
#include <string_view>

#include "log/record.h"

struct rd_kafka_headers_s;
struct rd_kafka_message_s;

namespace tradelake::log {

// Owned by the caller until a message takes it.
rd_kafka_headers_s* to_kafka_headers(const NewRecord& record, std::string_view source);

// The views point into the message, or into `topic`.
Headers from_kafka_headers(const rd_kafka_message_s& message, std::string_view topic);

}  // namespace tradelake::log
