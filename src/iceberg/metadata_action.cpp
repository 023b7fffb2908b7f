#include "iceberg/metadata_action.h"

#include <algorithm>
#include <utility>

#include "core/time.h"
#include "iceberg/table_metadata_json.h"

namespace tradelake::iceberg {
namespace {

class MetadataAction final : public Action {
 public:
  explicit MetadataAction(MetadataChange change) : change_(std::move(change)) {}

  Result<TableMetadata> apply(const TableMetadata& base, FileIo&, int) override {
    const auto now = std::max(now_ms(), base.last_updated_ms);
    auto next = base;
    TL_TRY(change_(next, now));
    if (!same_metadata(base, next)) next.last_updated_ms = now;
    return next;
  }

 private:
  MetadataChange change_;
};

}  // namespace

std::unique_ptr<Action> change_metadata(MetadataChange change) {
  return std::make_unique<MetadataAction>(std::move(change));
}

bool same_metadata(const TableMetadata& a, const TableMetadata& b) {
  // What nearly every commit does is seen without writing both out.
  if (a.last_sequence_number != b.last_sequence_number || a.last_updated_ms != b.last_updated_ms)
    return false;
  return to_json(a) == to_json(b);
}

}  // namespace tradelake::iceberg
