// Types, schemas and partition specs as JSON («Appendix C»).
//
// Threads: pure functions. Private to the .cpp files that speak JSON: includes nlohmann's forward
// declarations only.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "core/error.h"
#include "iceberg/json_writer.h"
#include "iceberg/partition.h"
#include "iceberg/schema.h"

namespace tradelake::iceberg {

void write_json(JsonWriter& json, const Schema& schema);
std::string to_json(const Schema& schema);

// Errors: corrupt, unsupported (a type of format version 3).
Result<Schema> schema_from_json(const nlohmann::json& json);

void write_json(JsonWriter& json, const PartitionSpec& spec);
// The array of fields alone: the form of a manifest's header.
std::string partition_fields_to_json(const PartitionSpec& spec);

// Fields without an id, from format version 1, get 1000, 1001, ...
Result<PartitionSpec> partition_spec_from_json(const nlohmann::json& json);

}  // namespace tradelake::iceberg
