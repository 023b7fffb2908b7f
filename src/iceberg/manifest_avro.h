// Manifests as Avro files («Manifests», «Appendix A: Avro»).
//
// Threads: pure functions, read_manifest() apart from its FileIo.
// Reads v1 and v2 manifests of any writer, by field id. Invariant of what is read: sequence numbers
// and snapshot id are there, inherited from the manifest list where the file leaves them out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "iceberg/file_io.h"
#include "iceberg/manifest.h"
#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

// All entries must be of the spec. EXISTING and DELETED ones must carry both sequence numbers; of
// ADDED ones they are left out, to be inherited.
// Errors: invalid_argument (an entry does not fit its spec), unsupported (partition_types() does
// not know a type).
Result<std::string> encode_manifest(const TableMetadata& metadata, const PartitionSpec& spec,
                                    ManifestContent content,
                                    const std::vector<ManifestEntry>& entries);

// `listed` is the manifest's entry in the manifest list. Entries of status DELETED come too.
// Errors: corrupt, unsupported.
Result<std::vector<ManifestEntry>> decode_manifest(std::string_view bytes,
                                                   const TableMetadata& metadata,
                                                   const ManifestFile& listed);

// The same from storage. Errors: also not_found, io, unavailable.
Result<std::vector<ManifestEntry>> read_manifest(const TableMetadata& metadata, FileIo& io,
                                                 const ManifestFile& listed);

// The type of each partition field's values, in the spec's order. A source column that the current
// schema has dropped is looked up in the older ones; where none has it, the type is nullptr.
std::vector<TypePtr> partition_types(const TableMetadata& metadata, const PartitionSpec& spec);

}  // namespace tradelake::iceberg
