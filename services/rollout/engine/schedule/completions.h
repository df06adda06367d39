#pragma once

#include <cstdint>
#include <vector>

#include "services/rollout/engine/engine.h"
#include "services/rollout/engine/schedule/group.h"

namespace cohort::rollout {

// Appends sampled tokens to their completions, sees where these end, and keeps what the engine hands out. Not thread-safe.
class Completions {
 public:
  explicit Completions(std::vector<int64_t> eos_token_ids) : eos_token_ids_(std::move(eos_token_ids)) {}

  // Appends a token that `version` gave; a negative one says that its logits were no numbers, which fails the group. Whether the completion has ended.
  // What comes for an ended one or a group that is done is dropped.
  bool Record(Sample& sample, int32_t token, float logprob, int64_t version);

  // Takes the completions out of a group that has finished or failed.
  void Finish(Group& group);

  std::vector<FinishedGroup> TakeFinished() { return std::exchange(finished_, {}); }
  std::vector<SampledToken> TakeTokens() { return std::exchange(streamed_, {}); }
  int64_t tokens() const { return tokens_; }  // Since the start.

 private:
  const std::vector<int64_t> eos_token_ids_;
  int64_t tokens_ = 0;
  std::vector<FinishedGroup> finished_;
  std::vector<SampledToken> streamed_;
};

}  // namespace cohort::rollout
