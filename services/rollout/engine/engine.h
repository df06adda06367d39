#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "common/model/arena.h"
#include "common/policy/weight_sink.h"
#include "proto/cohort/common/v1/sampling.pb.h"

namespace cohort::rollout {

// One prompt and how many completions of it are wanted.
//
// What is sampled is a pure function of this request (without `id` and `stream`) and the weights: on processors neither the other groups in the engine, nor
// preemption, nor the number of threads, nor the instruction set of the machine change a bit of it; on a GPU the size of the batch and preemption may change
// the rounding. Only when weights are exchanged in mid-completion does it matter where that was and which keys and values were computed again after it.
struct GroupRequest {
  int64_t id = 0;                       // Chosen by the caller, unique among the groups in the engine.
  std::vector<int32_t> prompt;          // At least one token.
  int samples = 1;                      // Completions; sample i draws its random numbers at (seed, step, slot, i, position).
  common::v1::SamplingParams sampling;
  int64_t step = 0;
  int64_t slot = 0;
  bool stream = false;                  // Also report every token as it is sampled, see Engine::TakeTokens().
};

// One token as it is sampled.
struct SampledToken {
  int64_t group = 0;
  int sample = 0;
  int32_t token = 0;
  float logprob = 0;
  int64_t version = 0;
  common::v1::FinishReason finish_reason = common::v1::FINISH_REASON_UNSPECIFIED;  // Set on the sample's last token.
};

// One completion. The three vectors are equally long. An aborted sample (FINISH_REASON_ABORTED) has the tokens that were known until then.
struct FinishedSample {
  std::vector<int32_t> tokens;          // The end-of-sequence token included.
  std::vector<float> logprobs;          // Of each token under the distribution it was drawn from (temperature and truncation applied).
  std::vector<int64_t> versions;        // The policy version that produced each token's distribution.
  common::v1::FinishReason finish_reason = common::v1::FINISH_REASON_UNSPECIFIED;
};

// A group that has left the engine.
struct FinishedGroup {
  int64_t id = 0;
  absl::Status status;                  // INTERNAL (reason NON_FINITE) when the weights gave logits that are no numbers; samples are then incomplete.
  std::vector<FinishedSample> samples;
};

// What the engine holds and what still fits.
struct EngineLoad {
  int groups = 0;                       // Added and not finished.
  int sequences = 0;                    // Samples that have a place in the batch.
  int free_sequences = 0;               // Places that unfinished samples leave to Add().
  int64_t free_kv_tokens = 0;           // Positions of the cache that nothing in the engine is expected to need.
  int64_t tokens = 0;                   // Sampled since the start.
  int64_t preemptions = 0;              // Samples that gave up their keys and values to older ones, since the start.
};

// Samples groups of completions with continuous batching over a preallocated KV cache. A prompt is prefilled once and shared by its group.
//
// A group is taken in when what it is expected to need is free, and gets pages as it grows. When none are left the youngest samples are preempted without
// loss: tokens, log-probabilities and versions stay, keys and values of prompt and tokens are computed again later, and the sample goes on. The oldest
// group always makes progress. Thread-compatible: one thread drives it.
class Engine {
 public:
  virtual ~Engine() = default;

  // Uses `weights` from the next step on; versions are recorded with the tokens. Groups in progress go on, on the keys and values they have; what a preempted
  // sample lost is computed with the weights of the day it resumes, its tokens keep the versions and log-probabilities they were drawn with. The
  // arena is kept alive by the engine and must not change. INVALID_ARGUMENT when it is of another size than the model's layout.
  virtual absl::Status SetWeights(std::shared_ptr<const model::Arena> weights, int64_t version) = 0;

  // Where the next weights may arrive while steps go on; nullptr for engines that take them from the host only.
  virtual policy::WeightSink* sink() { return nullptr; }

  // Uses what came into sink() from the next step on, as SetWeights() does. FAILED_PRECONDITION when it has been overwritten since the ticket was given.
  virtual absl::Status TakeFromSink(int64_t /*ticket*/, int64_t /*version*/) { return absl::FailedPreconditionError("this engine has no sink for weights"); }

  // The GPU it computes on, nullopt where that is the host's processors.
  virtual std::optional<int> gpu() const { return std::nullopt; }

  // -1 until the first weights.
  virtual int64_t version() const = 0;

  // Takes a group in. RESOURCE_EXHAUSTED when it does not fit now (try again when others have finished); INVALID_ARGUMENT when it never will, or
  // when the prompt or the sampling parameters make no sense.
  virtual absl::Status Add(GroupRequest request) = 0;

  // One forward pass: prefills (parts of) new prompts and samples one token for every running sequence. Nothing happens in an empty engine.
  // FAILED_PRECONDITION (reason NO_POLICY) before the first SetWeights().
  virtual absl::Status Step() = 0;

  // Groups that have finished since the last call, in the order they did.
  virtual std::vector<FinishedGroup> TakeFinished() = 0;

  // Tokens of streamed groups since the last call, in the order they were sampled. Call it after every Step().
  virtual std::vector<SampledToken> TakeTokens() = 0;

  // Drops a group; it does not appear among the finished ones. Its room is free at once. Unknown ids are ignored.
  virtual void Abort(int64_t id) = 0;

  // Ends one sample of a group as FINISH_REASON_ABORTED, with the tokens it has; its room is free at once and the group's other samples do not notice. A group
  // whose last sample ends so has finished. Unknown ids and samples that have ended are ignored.
  virtual void AbortSample(int64_t id, int sample) = 0;

  virtual EngineLoad load() const = 0;

  // Most tokens of prompt and completion together.
  virtual int64_t max_context() const = 0;
};

}  // namespace cohort::rollout
