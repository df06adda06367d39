#include "services/rollout/engine/schedule/page_pool.h"

#include <numeric>

namespace cohort::rollout {

PagePool::PagePool(int64_t pages) : references_(pages), free_(pages) { std::iota(free_.rbegin(), free_.rend(), 0); }

int32_t PagePool::Allocate() {
  const int32_t page = free_.back();
  free_.pop_back();
  references_[page] = 1;
  return page;
}

void PagePool::Release(std::vector<int32_t>& pages) {
  for (const int32_t page : pages) {
    if (--references_[page] == 0) free_.push_back(page);
  }
  pages.clear();
}

}  // namespace cohort::rollout
