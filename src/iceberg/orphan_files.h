// Files below a table's location that nothing leads to: what commits left that did not take place,
// and removals that were cut off.
//
// Threads: functions. Invariants: fails closed: what cannot be read is an error, never "leads
// nowhere". A file that a retained snapshot, the current metadata or its log names is none,
// whatever the spelling of its URI. Does not: see files outside the table's location;
// know of a commit under way except by its files' age (transaction.h: longest_commit_us).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "iceberg/catalog.h"
#include "iceberg/file_io.h"
#include "iceberg/reachable_files.h"
#include "iceberg/table.h"

namespace tradelake::iceberg {

// No younger file is ever called an orphan.
inline constexpr std::int64_t least_orphan_age_us = 3 * std::int64_t{3'600'000'000};

// Of `listed` the files that were modified before and that the table, as it was loaded after the
// listing, does not lead to. `go_on` is asked between reads; its error ends the search.
// Errors: those of FileIo::read(), corrupt.
Result<std::vector<FileStatus>> orphans_among(std::vector<FileStatus> listed, const Table& table,
                                              FileIo& io, ReachableFiles& reachable,
                                              std::int64_t modified_before_us,
                                              const std::function<Result<>()>& go_on);

// Lists the table's files and says which are orphans. Errors: also invalid_argument (an age below
// least_orphan_age_us; gc.enabled=false), unsupported (another table's files lie below this one's).
Result<std::vector<FileStatus>> find_orphans(Catalog& catalog, FileIo& io, const TableIdent& ident,
                                             ReachableFiles& reachable, std::int64_t min_age_us,
                                             std::int64_t now_us,
                                             const std::function<Result<>()>& go_on);

std::int64_t total_bytes(const std::vector<FileStatus>& files);
Result<> remove_files(FileIo& io, const std::vector<FileStatus>& files);

// "/bucket-less/path" of a URI, the same for each way to spell it: file:/a, file:///a and /a;
// s3://b/k and s3a://b/k.
std::string bare_path(std::string_view uri);

}  // namespace tradelake::iceberg
