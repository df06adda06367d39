#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "services/rollout/engine/engine.h"

namespace cohort::rollout {

struct Group;

// One completion of a group in an engine, from Add() to its end. Scheduler changes its state and pages, the engine `issued` and `row`.
struct Sample {
  enum class State {
    kWaiting,  // Holds no pages and no place in the batch: not begun yet, or preempted. Its tokens so far are in `completion`.
    kFilling,  // Has a place and pages, but not all keys and values of what it has so far.
    kRunning,  // Every step samples its next token.
    kEnded,
  };

  Group* group = nullptr;
  int index = 0;                     // In the group: the sample of its random numbers' keys.
  State state = State::kWaiting;
  std::vector<int32_t> pages;        // From position 0 on. Whole pages of the prompt are the group's.
  int64_t filled = 0;                // While filling: positions before this one are in the cache once the prefill planned so far is done.
  int64_t issued = 0;                // Tokens that the steps so far sample: completion.tokens, and one more while a step's results are on their way.
  int row = -1;                      // In engines that number the places in their batch.
  FinishedSample completion;

  // Of the token that the next step feeds: the prompt's last, or the last one sampled.
  int64_t position() const;
  // The context's token there; it must be known already.
  int32_t TokenAt(int64_t at) const;
};

// A group from Add() until its last sample has ended. Kept alive by whoever waits for results of its samples.
struct Group : std::enable_shared_from_this<Group> {
  GroupRequest request;
  int64_t order = 0;                 // Older groups have lower numbers.
  int64_t most_tokens = 0;           // Of one completion: what the context leaves of max_new_tokens.
  std::vector<int32_t> prompt_pages; // Of the tokens that are prefilled once for all samples, while they are in the cache or on their way.
  int64_t prefilled = 0;             // Prompt tokens that are in the cache once the prefill planned so far is done.
  std::vector<Sample> samples;
  int ended = 0;
  bool aborted = false;
  absl::Status status;
  // For engines that compute the first token's logits once for all samples.
  std::vector<float> first_logits;
  int64_t first_version = -1;        // The policy version they come from.

  int64_t prompt_size() const { return static_cast<int64_t>(request.prompt.size()); }
  bool done() const { return aborted || !status.ok() || ended == request.samples; }
};

inline int64_t Sample::position() const { return group->prompt_size() - 1 + issued; }

inline int32_t Sample::TokenAt(int64_t at) const {
  const int64_t prompt = group->prompt_size();
  return at < prompt ? group->request.prompt[at] : completion.tokens[at - prompt];
}

}  // namespace cohort::rollout
