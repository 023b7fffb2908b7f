// Manifest lists as Avro files («Manifest Lists»).
//
// Threads: pure functions, read_manifest_list() apart from its FileIo.
// Reads v1 and v2 lists of any writer, by field id.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "iceberg/file_io.h"
#include "iceberg/manifest.h"
#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

std::string encode_manifest_list(const Snapshot& snapshot,
                                 const std::vector<ManifestFile>& manifests);

// Errors: corrupt, unsupported.
Result<std::vector<ManifestFile>> decode_manifest_list(std::string_view bytes);

// The manifests of a snapshot, in the list's order. Errors: also not_found, io, unavailable.
Result<std::vector<ManifestFile>> read_manifest_list(FileIo& io, const Snapshot& snapshot);

}  // namespace tradelake::iceberg
