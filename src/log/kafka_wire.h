// One request and its answer over a TCP connection of its own, for what librdkafka has no call for.
//
// Threads: any; blocks. Does not: keep connections, use TLS, or know what the bytes mean.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/error.h"
#include "log/kafka_address.h"

namespace tradelake::log {

// Asks the brokers in turn until one answers. Errors: unavailable.
Result<std::string> ask_a_broker(const KafkaAddress& address, std::string_view request,
                                 std::chrono::milliseconds timeout);

}  // namespace tradelake::log
