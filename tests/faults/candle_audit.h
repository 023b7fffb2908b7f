// The part of the judge that looks at the candle tables of all intervals.
//
// At every commit: one row for a candle; each larger candle the merge of the minutes that the lake
// has then, none there before its time is over or an end marker came, none missing after that. At
// the heads: all candles as recomputed from the trades, every revision on record. Threads: one.
#pragma once

#include <map>

#include "faults/lake_audit.h"
#include "iceberg/catalog.h"

namespace tradelake::faults {

using HeadOffsets = std::map<iceberg::TableIdent, std::map<log::TopicPartition, std::int64_t>>;

// Adds what it finds to the verdict, and what the tables' heads say of offsets.
void audit_candles(World& world, iceberg::Catalog& catalog, const Expected& expected,
                   Verdict& verdict, HeadOffsets& offsets);

}  // namespace tradelake::faults
