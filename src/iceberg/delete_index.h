// Which delete files of a snapshot apply to which of its data files («Scan Planning»).
//
// Threads: of() from any, once all are added.
// Does not: open delete files. One that applies by what its manifest says may delete nothing.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "iceberg/file_io.h"
#include "iceberg/manifest.h"
#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

class DeleteIndex {
 public:
  // The live entries of a delete manifest, those of greater data sequence numbers only. Errors:
  // corrupt (a data file among them, or a partition spec that the table does not have), those of
  // read_manifest().
  Result<> add(const TableMetadata& metadata, FileIo& io, const ManifestFile& manifest,
               SequenceNumber after = SequenceNumber{-1});
  std::vector<std::shared_ptr<const DataFile>> of(const DataFile& data,
                                                  SequenceNumber sequence_number) const;

 private:
  void add(const PartitionSpec& spec, ManifestEntry entry);

  struct Deletes {
    SequenceNumber sequence_number;
    std::shared_ptr<const DataFile> file;
  };

  std::vector<Deletes> global_;  // equality deletes of an unpartitioned spec
  // By partition_key(), with the path behind it if they are position deletes of a single data file.
  std::map<std::string, std::vector<Deletes>> by_scope_;
};

}  // namespace tradelake::iceberg
