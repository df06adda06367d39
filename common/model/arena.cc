#include "common/model/arena.h"

#include <algorithm>

#include "glog/logging.h"

namespace cohort::model {

Arena::Arena(int64_t elements, DType dtype) : pages_(elements * SizeOf(dtype)), elements_(elements), dtype_(dtype) {}

void Arena::CheckType(DType asked) const { CHECK(asked == dtype_) << "an arena of " << NameOf(dtype_) << " taken for one of " << NameOf(asked); }

void Convert(const Arena& from, Arena& to) {
  CHECK_EQ(from.size(), to.size());
  if (from.dtype() == to.dtype()) {
    std::copy(from.bytes().begin(), from.bytes().end(), to.bytes().begin());
  } else if (from.dtype() == DType::kFloat32) {
    std::transform(from.floats().begin(), from.floats().end(), to.bfloats().begin(), FloatToBfloat);
  } else {
    std::transform(from.bfloats().begin(), from.bfloats().end(), to.floats().begin(), BfloatToFloat);
  }
}

}  // namespace cohort::model
