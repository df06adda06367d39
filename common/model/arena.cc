#include "common/model/arena.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace cohort::model {

Arena::Arena(int64_t elements) : elements_(elements) {
  const size_t bytes = (static_cast<size_t>(elements) * sizeof(float) + 63) / 64 * 64;
  if (bytes == 0) return;
  auto* data = static_cast<float*>(std::aligned_alloc(64, bytes));
  if (data == nullptr) throw std::bad_alloc();
  std::memset(data, 0, bytes);
  data_.reset(data);
}

void Arena::Free::operator()(float* data) const { std::free(data); }

}  // namespace cohort::model
