// An allocator for large tables that are read at random: on 2 MiB pages, where the system has them.
//
// On 4 KiB pages nearly every look-up in a table of tens of MiB also misses the translation cache,
// twice over in a virtual machine. Threads: any. Does not: touch blocks below 2 MiB.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace tradelake {

template <class T>
struct HugePageAllocator {
  using value_type = T;
  static constexpr std::size_t page = std::size_t{2} << 20;

  HugePageAllocator() = default;
  template <class Other>
  HugePageAllocator(const HugePageAllocator<Other>&) {}

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    if (bytes < page) return static_cast<T*>(::operator new(bytes));
    void* block = ::operator new(bytes, std::align_val_t{page});
    // Advice only: without it, or where it is refused, the block has small pages.
    ::madvise(block, bytes, MADV_HUGEPAGE);
    return static_cast<T*>(block);
  }
  void deallocate(T* block, std::size_t count) noexcept {
    if (count * sizeof(T) < page) {
      ::operator delete(block);
    } else {
      ::operator delete(block, std::align_val_t{page});
    }
  }
  friend bool operator==(const HugePageAllocator&, const HugePageAllocator&) = default;
};

}  // namespace tradelake
