// One snapshot of a table («Snapshots»), and the list of those that its metadata holds.
//
// Metadata is made anew with every commit, and differs from the one before by a snapshot or a few.
// So what is in a list is shared between them, with its JSON text, which is made once.
// Threads: a list has one owner while it changes; what it holds never changes and may be read, and
// written out, by any number of lists in any threads. Does not: know JSON (table_metadata_json.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "iceberg/ids.h"

namespace tradelake::iceberg {

struct Snapshot {
  SnapshotId id;
  std::optional<SnapshotId> parent_id;
  SequenceNumber sequence_number;
  std::int64_t timestamp_ms = 0;
  std::string manifest_list;
  std::string operation;                       // append, replace, overwrite, delete
  std::map<std::string, std::string> summary;  // without "operation"
  std::optional<SchemaId> schema_id;
};

// Oldest first, as they are in metadata.json.
class SnapshotList {
  struct Item {
    explicit Item(Snapshot given) : snapshot(std::move(given)) {}
    const Snapshot snapshot;
    mutable std::once_flag once;
    mutable std::string text;
  };
  using Items = std::vector<std::shared_ptr<const Item>>;

 public:
  class Iterator {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = Snapshot;
    using difference_type = std::ptrdiff_t;
    using pointer = const Snapshot*;
    using reference = const Snapshot&;

    Iterator() = default;
    explicit Iterator(Items::const_iterator at) : at_(at) {}
    reference operator*() const { return (*at_)->snapshot; }
    pointer operator->() const { return &(*at_)->snapshot; }
    reference operator[](difference_type n) const { return at_[n]->snapshot; }
    Iterator& operator+=(difference_type n) { return at_ += n, *this; }
    Iterator& operator-=(difference_type n) { return at_ -= n, *this; }
    Iterator& operator++() { return *this += 1; }
    Iterator& operator--() { return *this -= 1; }
    Iterator operator++(int) { return Iterator(at_++); }
    Iterator operator--(int) { return Iterator(at_--); }
    friend Iterator operator+(Iterator it, difference_type n) { return it += n; }
    friend Iterator operator+(difference_type n, Iterator it) { return it += n; }
    friend Iterator operator-(Iterator it, difference_type n) { return it -= n; }
    friend difference_type operator-(const Iterator& a, const Iterator& b) { return a.at_ - b.at_; }
    friend auto operator<=>(const Iterator&, const Iterator&) = default;

   private:
    Items::const_iterator at_;
  };

  SnapshotList() = default;
  explicit SnapshotList(std::vector<Snapshot> snapshots) {
    items_.reserve(snapshots.size());
    for (auto& snapshot : snapshots) push_back(std::move(snapshot));
  }

  Iterator begin() const { return Iterator(items_.begin()); }
  Iterator end() const { return Iterator(items_.end()); }
  auto rbegin() const { return std::make_reverse_iterator(end()); }
  auto rend() const { return std::make_reverse_iterator(begin()); }
  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  const Snapshot& operator[](std::size_t n) const { return items_[n]->snapshot; }
  const Snapshot& back() const { return items_.back()->snapshot; }

  void push_back(Snapshot snapshot) {
    items_.push_back(std::make_shared<const Item>(std::move(snapshot)));
  }
  template <class Is>
  void erase_if(Is is) {
    std::erase_if(items_, [&](const auto& item) { return is(item->snapshot); });
  }
  void clear() { items_.clear(); }

  // What `make` says of the snapshot at `n`; asked once for all lists that share it.
  template <class Make>
  const std::string& text(std::size_t n, Make make) const {
    const Item& item = *items_[n];
    std::call_once(item.once, [&] { item.text = make(item.snapshot); });
    return item.text;
  }

 private:
  Items items_;
};

}  // namespace tradelake::iceberg
