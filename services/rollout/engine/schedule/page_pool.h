#pragma once

#include <cstdint>
#include <vector>

namespace cohort::rollout {

// Which pages of the cache are in use, and by how many: sequences share the whole pages of their prompt. Not thread-safe.
class PagePool {
 public:
  explicit PagePool(int64_t pages);

  int64_t pages() const { return static_cast<int64_t>(references_.size()); }
  int64_t free_pages() const { return static_cast<int64_t>(free_.size()); }

  // A page with one reference; there must be a free one.
  int32_t Allocate();
  void AddReference(int32_t page) { ++references_[page]; }
  // Drops one reference to each and forgets them; a page is free after the last.
  void Release(std::vector<int32_t>& pages);

 private:
  std::vector<int32_t> references_;
  std::vector<int32_t> free_;
};

}  // namespace cohort::rollout
