#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "common/model/arena_layout.h"
#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::learner::tensor {

// AdamW (arXiv 1711.05101) over flat fp32 tensors of an arena's layout, on their device, weight decay on matrices only: AdamW's counterpart. Not
// thread-safe; throws where LibTorch does.
class TensorAdamW {
 public:
  // What the next step depends on.
  struct State {
    at::Tensor first, second;  // Moments, fp32.
    int64_t updates = 0;
  };

  TensorAdamW(const config::v1::OptimizerSection& options, const model::ArenaLayout& layout, at::Device device);

  // Applies one update to `weights`; both tensors are flat and fp32.
  void Step(double learning_rate, const at::Tensor& gradient, const at::Tensor& weights);

  const State& state() const { return state_; }
  // Copies `state`, whose tensors may be on another device.
  void SetState(const State& state);

 private:
  struct Range {
    int64_t begin;
    int64_t end;
    bool decays;
  };

  void StepRanges(bool decays, double learning_rate, const at::Tensor& gradient, const at::Tensor& weights);

  const config::v1::OptimizerSection options_;
  std::vector<Range> ranges_;
  State state_;
  at::Tensor count_;  // Updates so far, as the kernel wants them.
};

}  // namespace cohort::learner::tensor
