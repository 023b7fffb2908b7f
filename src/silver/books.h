// The books of all partitions, and which of them a market's candles are in.
//
// A market's candles are in the book of the partition it was first seen in, its home, even if some
// of its trades come under another symbol's topic and so in another partition: one row for a
// minute. Only what the home has closed by then goes to the book of the trade's own partition.
// Threads: one writer; readers under the owner's lock. Does not: know what is in a table.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "silver/book.h"

namespace tradelake::silver {

class Books {
 public:
  // Slots number the partitions.
  void make(std::size_t slot);
  Book& of_slot(std::size_t slot) { return books_[slot]; }
  std::size_t slots() const { return books_.size(); }
  void clear();

  Book& of_trade(bronze::MarketIndex market, std::size_t slot, std::int64_t open_time_us);
  std::optional<std::size_t> home(bronze::MarketIndex market) const;
  // Of a market that is known from the tables alone; one that has a home keeps it.
  void settle(bronze::MarketIndex market, std::size_t slot);

  // Entries of one market in [from_us, to_us), in the order of time within each book.
  using Visit =
      std::function<void(std::size_t slot, std::int64_t open_time_us, const BookEntry& entry)>;
  void of_market(bronze::MarketIndex market, std::int64_t from_us, std::int64_t to_us,
                 const Visit& visit) const;
  BookEntry* find(bronze::MarketIndex market, std::int64_t open_time_us);

  std::size_t size() const;  // candles

 private:
  struct Place {
    std::optional<std::size_t> home;
    bool strayed = false;  // has candles in other books too
  };
  Place& place(bronze::MarketIndex market);

  std::vector<Book> books_;    // by slot
  std::vector<Place> places_;  // by market
};

}  // namespace tradelake::silver
