#include "iceberg/action.h"

#include <utility>

#include "iceberg/random_id.h"
#include "iceberg/snapshot_builder.h"

namespace tradelake::iceberg {
namespace {

class SnapshotAction final : public Action {
 public:
  explicit SnapshotAction(SnapshotRequest request) : request_(std::move(request)) {}

  Result<TableMetadata> apply(const TableMetadata& base, FileIo& io, int attempt) override {
    // One id over all attempts, so that whoever looks for this snapshot knows what to look for.
    while (request_.id.value == 0 || base.find_snapshot(request_.id) != nullptr) {
      request_.id = random_snapshot_id();
    }
    return SnapshotBuilder(base, io, attempt, request_).build();
  }

 private:
  SnapshotRequest request_;
};

}  // namespace

std::unique_ptr<Action> append_files(std::vector<DataFile> files, SnapshotNote note) {
  return std::make_unique<SnapshotAction>(SnapshotRequest{.id = {},
                                                          .operation = "append",
                                                          .added = std::move(files),
                                                          .removed_paths = {},
                                                          .read_at = {},
                                                          .note = std::move(note)});
}

std::unique_ptr<Action> overwrite_files(std::vector<std::string> removed_paths,
                                        std::vector<DataFile> added, SnapshotNote note,
                                        std::optional<SequenceNumber> read_at) {
  return std::make_unique<SnapshotAction>(
      SnapshotRequest{.id = {},
                      .operation = added.empty() ? "delete" : "overwrite",
                      .added = std::move(added),
                      .removed_paths = std::move(removed_paths),
                      .read_at = read_at,
                      .note = std::move(note)});
}

std::unique_ptr<Action> drop_partitions(PartitionCutoff cutoff, SnapshotNote note) {
  return std::make_unique<SnapshotAction>(SnapshotRequest{
      .id = {}, .operation = "delete", .dropped_until = cutoff, .note = std::move(note)});
}

std::unique_ptr<Action> replace_files(std::vector<std::string> removed_paths,
                                      std::vector<DataFile> added, SequenceNumber read_at,
                                      SnapshotNote note) {
  return std::make_unique<SnapshotAction>(SnapshotRequest{.id = {},
                                                          .operation = "replace",
                                                          .added = std::move(added),
                                                          .removed_paths = std::move(removed_paths),
                                                          .read_at = read_at,
                                                          .note = std::move(note)});
}

}  // namespace tradelake::iceberg
