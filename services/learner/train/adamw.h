#pragma once

#include <cstdint>
#include <vector>

#include "common/model/arena.h"
#include "common/model/arena_layout.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "services/learner/train/kernels/kernels.h"

namespace cohort::learner {

// AdamW (arXiv 1711.05101) over the flat buffers of an arena, moments in fp32, weight decay on matrices only. One pass over memory a step. Not
// thread-safe.
class AdamW {
 public:
  AdamW(const config::v1::OptimizerSection& options, const model::ArenaLayout& layout);

  // Applies one update; the gradient is scaled by `gradient_scale` first.
  void Step(double learning_rate, double gradient_scale, const float* gradient, float* weights);

  // What the next step depends on; the owner saves and restores it.
  int64_t updates() const { return updates_; }
  void set_updates(int64_t updates) { updates_ = updates; }
  model::Arena& first_moments() { return first_; }
  const model::Arena& first_moments() const { return first_; }
  model::Arena& second_moments() { return second_; }
  const model::Arena& second_moments() const { return second_; }

 private:
  // Neighbouring elements with the same weight decay.
  struct Range {
    int64_t begin;
    int64_t end;
    bool decays;
  };

  const config::v1::OptimizerSection options_;
  const Kernels& kernels_;
  std::vector<Range> ranges_;
  model::Arena first_;
  model::Arena second_;
  int64_t updates_ = 0;
};

// Euclidean norm of `gradient`, summed in double in an order that does not depend on the number of threads. Not finite where the gradient is not.
double GradientNorm(const model::Arena& gradient);

// What the gradient is to be multiplied by so that its norm is at most `largest`; 1 when `largest` is 0.
double ClippingScale(double norm, double largest);

}  // namespace cohort::learner
