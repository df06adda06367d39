#pragma once

#include <cstdint>

namespace cohort::rollout {

// How long completions turn out, as a share of what they may be: a mean in which the newest of `kMemory` completions count most.
class LengthEstimate {
 public:
  // `first`: what is expected before anything is known, in [0, 1].
  explicit LengthEstimate(double first) : share_(first) {}

  void Add(int64_t tokens, int64_t most_tokens) { share_ += (static_cast<double>(tokens) / static_cast<double>(most_tokens) - share_) / kMemory; }
  double share() const { return share_; }

 private:
  static constexpr double kMemory = 64;
  double share_;
};

}  // namespace cohort::rollout
