// Ways for a frame or a trade to be wrong, at least one for each reason of a dead letter.
//
// Threads: pure functions. Invariant: no result holds a line break, which would end a line of a
// capture.
#pragma once

#include <string>

#include "feed/simulator/trade_frame.h"

namespace tradelake::feed {

// A frame that is bad as a whole, made from the text of a good one.
std::string break_frame(std::string good, bybit::Category category, const Stream& stream,
                        const Listing& listing, Random& random);

// A value, or an absence, that makes one trade bad and leaves the others of its frame good.
FieldOverride bad_field(std::size_t trade, Random& random);

// A price or size at or just beyond the limits of what the tables hold.
FieldOverride extreme_field(std::size_t trade, Random& random);

// Puts bytes that are not UTF-8 into a string of the frame.
std::string break_utf8(std::string good, Random& random);

}  // namespace tradelake::feed
