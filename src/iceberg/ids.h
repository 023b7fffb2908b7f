// The ids of an Iceberg table, each its own type.
#pragma once

#include <cstdint>

#include "core/strong_id.h"

namespace tradelake::iceberg {

using FieldId = StrongId<struct FieldIdTag, std::int32_t>;
using SchemaId = StrongId<struct SchemaIdTag, std::int32_t>;
using SpecId = StrongId<struct SpecIdTag, std::int32_t>;
using SortOrderId = StrongId<struct SortOrderIdTag, std::int32_t>;
using SnapshotId = StrongId<struct SnapshotIdTag, std::int64_t>;
using SequenceNumber = StrongId<struct SequenceNumberTag, std::int64_t>;

}  // namespace tradelake::iceberg
