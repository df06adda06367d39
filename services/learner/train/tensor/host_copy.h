#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>

#include <cstdint>
#include <vector>

namespace cohort::learner::tensor {

// A copy of `values`, whose type is `type`, on `device`. Waits until it has been made.
template <typename T>
at::Tensor ToDevice(const std::vector<T>& values, at::ScalarType type, at::Device device) {
  const at::Tensor view = at::from_blob(const_cast<T*>(values.data()), {static_cast<int64_t>(values.size())}, type);
  return view.to(device, type, /*non_blocking=*/false, /*copy=*/true);
}

// Copies `from`, flat, into `to`, as long, in the host's memory, and converts to its type. From a GPU through two pinned pieces: while one is being filled,
// all of the host's threads take the other one over, into pages that most callers have never touched.
void ToHost(const at::Tensor& from, at::Tensor to);

}  // namespace cohort::learner::tensor
