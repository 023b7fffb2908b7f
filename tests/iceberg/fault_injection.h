// Twins of FileIo and Catalog that fail on request, for tests of every folder.
//
// One Faults object is shared by the twins of one "process" and counts their effects: what changes
// storage, the catalog (here write_new, each file of write_all, remove, create_table, commit) or
// the log (tests/faults). Reads are no effects, and are counted and fail by themselves. A test runs
// once without a fault to learn how many effects there are, then once per effect and kind.
//
// Threads: any.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "iceberg/catalog.h"
#include "iceberg/file_io.h"
#include "iceberg/passing_catalog.h"

namespace tradelake::iceberg {

enum class Fault {
  none,
  fails,         // not done, and the caller is told so
  request_lost,  // not done, and the caller gets the error of a lost answer
  answer_lost,   // done, but the caller gets an error: unknown_outcome of a catalog, else
                 // unavailable
  lands_late,    // as answer_lost, but done only a while after the caller got the error
  crash_before,  // not done; throws SimulatedCrash
  crash_after,   // done; throws SimulatedCrash
};

// Thrown where the process dies. Objects above it must be thrown away, as memory would be.
struct SimulatedCrash {};

class Faults {
 public:
  // The fault happens at the `at`-th effect, counted from 1, and no other one does.
  void arm(Fault fault, int at) {
    const std::lock_guard lock(mutex_);
    plan_ = {{at, fault}};
    lost_.clear();
    dead_ = false;
  }
  void disarm() { arm(Fault::none, 0); }
  // Another one, besides those that are planned already.
  void add(Fault fault, int at) { plan_[at] = fault; }
  // Before the `at`-th effect the process stands still while others act.
  void stand_still(int at, std::function<void()> others) { stops_[at] = std::move(others); }
  // The `at`-th read from the warehouse, the catalog or the log, counted from 1, is unavailable.
  void fail_read(int at) { failing_reads_.insert(at); }
  // A new process after a crash; effects are counted on.
  void restart() {
    const std::lock_guard lock(mutex_);
    dead_ = false;
  }

  int effects() const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(lost_.size());
  }
  int reads() const {
    const std::lock_guard lock(mutex_);
    return reads_;
  }
  int happened() const { return happened_; }  // faults so far
  // The code of a lost answer, per effect so far.
  std::vector<Errc> lost_codes() const { return lost_; }

  // What a thread of the process does first that is about to do anything but an effect: it waits
  // while the process stands still, and ends with it.
  void step() {
    const std::lock_guard still(standing_);
    const std::lock_guard lock(mutex_);
    if (dead_) throw SimulatedCrash{};
  }

  bool read_fails() {
    const std::lock_guard lock(mutex_);
    const bool fails = failing_reads_.contains(++reads_);
    happened_ += fails;
    return fails;
  }
  template <class Read>
  auto read(Read run) -> decltype(run()) {
    if (read_fails()) return make_error(Errc::unavailable, "simulated failure of a read");
    return run();
  }

  // Runs one effect, or what is left of it. `lost` is the code of a lost answer. `stands` is called
  // if the process stands still before it: what others do not wait for ends then. `later` sees to
  // it that the effect takes place after a while; without it there is none that lands late.
  template <class Effect>
  Result<> effect(
      Errc lost, Effect run, const std::function<void()>& stands = [] {},
      const std::function<void()>& later = {}) {
    const auto fault = next(lost, stands);
    if (fault == Fault::none) return run();
    if (fault == Fault::crash_before) throw SimulatedCrash{};
    if (fault == Fault::fails) return make_error(Errc::unavailable, "simulated failure");
    if (fault == Fault::request_lost) return make_error(lost, "simulated loss of the request");
    if (fault == Fault::lands_late && later) {
      later();
      return make_error(lost, "simulated loss of the answer, before it was done");
    }
    TL_TRY(run());
    if (fault == Fault::crash_after) throw SimulatedCrash{};
    return make_error(lost, "simulated loss of the answer");
  }

 private:
  Fault next(Errc lost, const std::function<void()>& stands) {
    std::function<void()> others;
    Fault fault = Fault::none;
    {
      const std::lock_guard lock(mutex_);
      // Of a process that has crashed in one thread, no other thread does anything more.
      if (dead_) throw SimulatedCrash{};
      lost_.push_back(lost);
      const auto at = static_cast<int>(lost_.size());
      if (auto stop = stops_.extract(at)) others = std::move(stop.mapped());
      if (const auto planned = plan_.find(at); planned != plan_.end()) fault = planned->second;
      happened_ += fault != Fault::none;
      dead_ = fault == Fault::crash_before || fault == Fault::crash_after;
    }
    if (others) {
      const std::lock_guard lock(standing_);
      stands();
      others();
    }
    return fault;
  }

  mutable std::mutex mutex_;
  std::map<int, Fault> plan_;
  std::map<int, std::function<void()>> stops_;
  std::vector<Errc> lost_;
  std::set<int> failing_reads_;
  int reads_ = 0;
  bool dead_ = false;
  int happened_ = 0;
  std::recursive_mutex standing_;
};

class FaultyFileIo final : public FileIo {
 public:
  FaultyFileIo(FileIo& storage, Faults& faults) : storage_(storage), faults_(faults) {}

  Result<std::string> read(std::string_view uri) override {
    return faults_.read([&] { return storage_.read(uri); });
  }
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(std::string_view uri) override {
    return faults_.read([&] { return storage_.open(uri); });
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

class FaultyCatalog final : public PassingCatalog {
 public:
  FaultyCatalog(Catalog& catalog, Faults& faults) : PassingCatalog(catalog), faults_(faults) {}

  Result<> create_table(const TableIdent& table, const std::string& location) override {
    return faults_.effect(Errc::unknown_outcome,
                          [&] { return catalog_.create_table(table, location); });
  }
  Result<> commit(const CatalogCommit& commit) override {
    return faults_.effect(Errc::unknown_outcome, [&] { return catalog_.commit(commit); });
  }

 private:
  Faults& faults_;
};

}  // namespace tradelake::iceberg
