#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "services/rollout/engine/engine.h"
#include "services/rollout/engine/schedule/completions.h"
#include "services/rollout/engine/schedule/group.h"
#include "services/rollout/engine/schedule/length_estimate.h"
#include "services/rollout/engine/schedule/page_needs.h"
#include "services/rollout/engine/schedule/page_pool.h"

namespace cohort::rollout {

struct SchedulerOptions {
  int64_t vocab_size = 0;
  std::vector<int64_t> eos_token_ids;
  int64_t max_context = 0;         // Tokens of prompt and completion.
  int max_batch = 0;               // Samples that have a place at the same time.
  int64_t prefill_tokens = 0;      // Most of one step.
  int64_t pages = 0;               // Of the cache.
  int64_t page_tokens = 0;         // Positions of one.
  bool whole_prompts = false;      // See PageNeeds.
  bool pages_ahead = false;        // A sample gets all pages it may need at once, as long as everything in the engine could.
  double expected_share = 1;       // Of what it may be, what a completion is taken to become before any has ended; 0 hopes for the best.
};

// Tokens [begin, end) of a context whose keys and values a step computes, into `pages()`. Of a prompt, or (resumed) of prompt and completion of a sample.
struct PrefillPiece {
  Group* group = nullptr;
  Sample* sample = nullptr;        // nullptr: the prompt, for the whole group.
  int64_t begin = 0;
  int64_t end = 0;

  const std::vector<int32_t>& pages() const { return sample != nullptr ? sample->pages : group->prompt_pages; }
  int32_t TokenAt(int64_t at) const { return sample != nullptr ? sample->TokenAt(at) : group->request.prompt[at]; }
};

struct PageCopy {
  int32_t from = -1;
  int32_t to = -1;
};

// A sample that runs from now on. When `copy.to` >= 0, that page must become a copy of the prompt's last one before its first token is fed.
struct SampleStart {
  Sample* sample = nullptr;
  PageCopy copy;
};

// Who is in the batch, and which pages of the cache are whose: continuous batching with preemption, for every engine. Knows nothing of devices.
//
// There is one order of age: groups as they were added, within a group its prompt, then its samples by index. Pages are taken as contexts grow. When none is
// free, what is youngest gives up its own: a sample keeps its tokens, log-probabilities and versions here and is later filled again, a prompt is prefilled
// again. So the oldest sample always goes on, and since Add() refuses what could not run even alone, everything ends. What waits enters by age, as far as
// everything up to it is expected to fit, so that a sample that has just been resumed is not preempted at once.
//
// A step is Plan(), prefill, StartSamples(), one token for every running sample of batch(), Record() for each result, Retire(). Not thread-safe.
class Scheduler {
 public:
  explicit Scheduler(const SchedulerOptions& options);

  // As Engine::Add().
  absl::Status Add(GroupRequest request);
  // As Engine's; both call Retire().
  void Abort(int64_t id);
  void AbortSample(int64_t id, int sample);

  // Sees that every running sample has the page that its next token needs, preempting where that must be, and lets in what waits. The result is what must
  // be prefilled in this step, oldest first; valid until the next call that is not const.
  const std::vector<PrefillPiece>& Plan();
  // Samples whose context is in the cache once that prefill is done; they are running now.
  const std::vector<SampleStart>& StartSamples();
  // Takes a result, see Completions. Whether the sample has ended; it holds nothing any more, and its row is the caller's.
  bool Record(Sample& sample, int32_t token, float logprob, int64_t version);
  // Takes out what has ended and failed.
  void Retire();

  // Samples that have a place, oldest first; those that run and those that are being filled.
  const std::vector<Sample*>& batch() const { return batch_; }
  // Running samples that the last Plan() gave more pages.
  const std::vector<Sample*>& grown() const { return grown_; }
  // Rows of samples that left the batch without an end of their own since the last call: preempted, aborted, or of a group that failed.
  std::vector<int> TakeLeftRows() { return std::exchange(left_rows_, {}); }

  bool empty() const { return groups_.empty(); }
  EngineLoad load() const;
  Completions& completions() { return completions_; }
  const PageNeeds& needs() const { return needs_; }
  int64_t free_pages() const { return pool_.free_pages(); }

 private:
  // (order of the group, index of the sample), -1 for the prompt.
  using Age = std::pair<int64_t, int>;
  static Age AgeOf(const Sample& sample) { return {sample.group->order, sample.index}; }

  void Grow();
  void Enter();
  // Each adds what its unit is expected to take to `expected`; whether younger ones may enter in this step too.
  bool EnterPrompt(Group& group, int64_t& expected, int64_t& budget);
  bool EnterSample(Sample& sample, int64_t& expected, int64_t& budget);
  bool Admit(Sample& sample, int64_t expected);
  bool Fill(Sample& sample, int64_t& budget);
  bool PlanPiece(const PrefillPiece& piece, int64_t& budget);

  // Makes `count` pages free, if it must be at the expense of younger ones than `asker`; false when there are none left.
  bool FreePages(int64_t count, Age asker);
  bool TakeSurplus();
  bool PreemptYounger(Age asker);
  void Preempt(Sample& sample);
  // Gives up pages and row.
  void Release(Sample& sample);
  void ReleasePrompt(Group& group);
  // `needed` pages must be free or held; more only as pages_ahead says.
  void GivePages(Sample& sample, int64_t needed);

  int Places(const Group& group) const;
  int ReservedPlaces() const;
  int64_t ExpectedPages(const Group& group) const;
  int64_t ExpectedPages() const;
  bool AllMayFit() const;

  const SchedulerOptions options_;
  const PageNeeds needs_;
  PagePool pool_;
  Completions completions_;
  LengthEstimate lengths_;
  int64_t next_order_ = 0;
  int64_t preemptions_ = 0;
  bool settled_ = true;                              // Nothing waits, and nothing is being filled.
  std::vector<std::shared_ptr<Group>> groups_;       // By age.
  std::vector<Sample*> batch_;                       // By age.
  std::vector<PrefillPiece> pieces_;
  std::vector<SampleStart> starts_;
  std::vector<Sample*> grown_;
  std::vector<int> left_rows_;
};

}  // namespace cohort::rollout
