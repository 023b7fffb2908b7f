// Going on where a job of Spark's has left a pipeline's tables (design.md 10).
//
// A job commits table by table. A commit that it did not end is undone, in all tables that have it;
// what the log says from there on is read again. Progress rows, the record of the tables' commits
// and the tables change in one transaction, after which the job, should it still be there, finds
// tables that are not its own.
// Threads: one, of a pipeline that is about to start. Does not: wait for a job that runs
// (PipelineHold in iceberg/catalog.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "bronze/lake.h"
#include "core/error.h"
#include "iceberg/table.h"

namespace tradelake::bronze {

// `tables`: those of the pipeline, the primary one first. True if tables were a job's and are the
// program's now. Errors: corrupt (the log is another one than the job's, or has lost records from
// there on), unsupported (others have written after a commit that must be undone), unavailable, io.
Result<bool> take_over_from_spark(const Lake& lake, const std::string& pipeline,
                                  std::span<iceberg::Table* const> tables, std::int64_t grace_us);

// For whoever changes a pipeline that does not run. Errors: unsupported (a job's commits are the
// last), unavailable.
Result<> check_not_sparks(iceberg::Catalog& catalog, const std::string& pipeline);

}  // namespace tradelake::bronze
