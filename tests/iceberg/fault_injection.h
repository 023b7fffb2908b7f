// Twins of FileIo and Catalog that fail on request, for tests of every folder.
//
// One Faults object is shared by the twins of one "process" and counts their effects: what changes
// storage or the catalog (write_new, each file of write_all, remove, create_table, commit). Reads
// are no effects. A test runs once without a fault to learn how many effects there are, then once
// per effect and kind.
//
// Threads: any.
#pragma once

#include <atomic>
#include <limits>
#include <memory>
#include <utility>

#include "iceberg/catalog.h"
#include "iceberg/file_io.h"

namespace tradelake::iceberg {

enum class Fault {
  none,
  fails,         // not done, and the caller is told so
  answer_lost,   // done, but the caller gets an error: unknown_outcome of a catalog, else
                 // unavailable
  crash_before,  // not done; throws SimulatedCrash
  crash_after,   // done; throws SimulatedCrash
};

// Thrown where the process dies. Objects above it must be thrown away, as memory would be.
struct SimulatedCrash {};

class Faults {
 public:
  // The fault happens at the `at`-th effect, counted from 1.
  void arm(Fault fault, int at) { fault_ = fault, at_ = at, effects_ = 0; }
  void disarm() { arm(Fault::none, 0); }
  int effects() const { return effects_; }

  // Runs one effect, or what is left of it. `lost` is the code of a lost answer.
  template <class Effect>
  Result<> effect(Errc lost, Effect run) {
    if (++effects_ != at_ || fault_ == Fault::none) return run();
    if (fault_ == Fault::crash_before) throw SimulatedCrash{};
    if (fault_ == Fault::fails) return make_error(Errc::unavailable, "simulated failure");
    TL_TRY(run());
    if (fault_ == Fault::crash_after) throw SimulatedCrash{};
    return make_error(lost, "simulated loss of the answer");
  }

 private:
  Fault fault_ = Fault::none;
  int at_ = 0;
  std::atomic<int> effects_ = 0;
};

class FaultyFileIo final : public FileIo {
 public:
  FaultyFileIo(FileIo& storage, Faults& faults) : storage_(storage), faults_(faults) {}

  Result<std::string> read(std::string_view uri) override { return storage_.read(uri); }
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(std::string_view uri) override {
    return storage_.open(uri);
  }
  // write_all() stays FileIo's own: file by file, so that each is an effect.
  Result<> write_new(std::string_view uri, std::string_view bytes) override {
    return faults_.effect(Errc::unavailable, [&] { return storage_.write_new(uri, bytes); });
  }
  Result<> remove(std::string_view uri) override {
    return faults_.effect(Errc::unavailable, [&] { return storage_.remove(uri); });
  }
  Result<std::vector<FileStatus>> list(std::string_view prefix) override {
    return storage_.list(prefix);
  }

 private:
  FileIo& storage_;
  Faults& faults_;
};

class FaultyCatalog final : public Catalog {
 public:
  FaultyCatalog(Catalog& catalog, Faults& faults) : catalog_(catalog), faults_(faults) {}

  Result<std::vector<TableIdent>> list_tables() override { return catalog_.list_tables(); }
  Result<std::string> metadata_location(const TableIdent& table) override {
    return catalog_.metadata_location(table);
  }
  Result<> create_table(const TableIdent& table, const std::string& location) override {
    return faults_.effect(Errc::unknown_outcome,
                          [&] { return catalog_.create_table(table, location); });
  }
  Result<CatalogCut> cut(std::span<const TableIdent> tables, const std::string& pipeline) override {
    return catalog_.cut(tables, pipeline);
  }
  Result<std::vector<ProgressRow>> progress(const std::string& pipeline) override {
    return catalog_.progress(pipeline);
  }
  Result<std::vector<TableCommit>> table_commits(const std::string& pipeline) override {
    return catalog_.table_commits(pipeline);
  }
  Result<> commit(const CatalogCommit& commit) override {
    return faults_.effect(Errc::unknown_outcome, [&] { return catalog_.commit(commit); });
  }

 private:
  Catalog& catalog_;
  Faults& faults_;
};

}  // namespace tradelake::iceberg
