// Integers that cannot be mixed up: a snapshot id is not a sequence number.
#pragma once

#include <compare>
#include <functional>

namespace tradelake {

template <class Tag, class Rep>
struct StrongId {
  Rep value{};
  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep v) : value(v) {}
  friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;
};

}  // namespace tradelake

template <class Tag, class Rep>
struct std::hash<tradelake::StrongId<Tag, Rep>> {
  std::size_t operator()(const tradelake::StrongId<Tag, Rep>& id) const noexcept {
    return std::hash<Rep>{}(id.value);
  }
};
