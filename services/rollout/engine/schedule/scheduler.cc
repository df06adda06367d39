#include "services/rollout/engine/schedule/scheduler.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/rollout/engine/request_check.h"

namespace cohort::rollout {

using State = Sample::State;

Scheduler::Scheduler(const SchedulerOptions& options)
    : options_(options),
      needs_(options.page_tokens, options.whole_prompts),
      pool_(options.pages),
      completions_(options.eos_token_ids),
      lengths_(options.expected_share) {}

absl::Status Scheduler::Add(GroupRequest request) {
  COHORT_RETURN_IF_ERROR(CheckGroupRequest(request, options_.vocab_size, options_.max_context));
  for (const auto& group : groups_) {
    if (group->request.id == request.id) return absl::InvalidArgumentError(absl::StrCat("group ", request.id, " is in the engine already"));
  }
  auto group = std::make_shared<Group>();
  group->request = std::move(request);
  group->most_tokens = std::min<int64_t>(group->request.sampling.max_new_tokens(), options_.max_context - group->prompt_size());
  group->samples.resize(group->request.samples);
  for (int i = 0; i < group->request.samples; ++i) {
    group->samples[i].group = group.get();
    group->samples[i].index = i;
  }
  if (needs_.OfPrompt(*group) + needs_.OwnAtMost(*group) > pool_.pages()) {
    return absl::InvalidArgumentError(absl::StrCat("a prompt of ", group->prompt_size(), " and a completion of ", group->most_tokens,
                                                   " tokens (sampling.max_new_tokens) do not fit into the key/value cache of ",
                                                   pool_.pages() * options_.page_tokens, " positions; raise rollout.kv_megabytes"));
  }
  // Alone, a group that is too large runs in turns.
  if (!groups_.empty() &&
      (ReservedPlaces() + Places(*group) > options_.max_batch || ExpectedPages() + ExpectedPages(*group) > pool_.pages())) {
    return absl::ResourceExhaustedError("the engine is full");
  }
  group->order = next_order_++;
  groups_.push_back(std::move(group));
  settled_ = false;
  return absl::OkStatus();
}

void Scheduler::Abort(int64_t id) {
  for (const auto& group : groups_) {
    if (group->request.id == id) group->aborted = true;
  }
  Retire();
}

void Scheduler::AbortSample(int64_t id, int index) {
  for (const auto& group : groups_) {
    if (group->request.id != id || index < 0 || index >= group->request.samples) continue;
    Sample& sample = group->samples[index];
    if (sample.state == State::kEnded) continue;
    sample.completion.finish_reason = common::v1::FINISH_REASON_ABORTED;
    Release(sample);
    sample.state = State::kEnded;
    ++group->ended;
  }
  Retire();
}

const std::vector<PrefillPiece>& Scheduler::Plan() {
  pieces_.clear();
  grown_.clear();
  Grow();
  if (!settled_) Enter();
  std::erase_if(grown_, [](const Sample* sample) { return sample->state != State::kRunning; });
  return pieces_;
}

void Scheduler::Grow() {
  // Preemption takes from the back, the youngest.
  for (size_t i = 0; i < batch_.size(); ++i) {
    Sample& sample = *batch_[i];
    if (sample.state != State::kRunning || sample.issued == sample.group->most_tokens) continue;
    const int64_t needed = needs_.Now(sample), missing = needed - static_cast<int64_t>(sample.pages.size());
    if (missing <= 0) continue;
    if (FreePages(missing, AgeOf(sample))) {
      GivePages(sample, needed);
      grown_.push_back(&sample);
    } else {
      Preempt(sample);  // There is nothing younger.
    }
  }
}

void Scheduler::Enter() {
  int64_t expected = 0, budget = options_.prefill_tokens;
  for (const auto& group : groups_) {
    if (!EnterPrompt(*group, expected, budget)) return;
    for (Sample& sample : group->samples) {
      if (sample.state != State::kEnded && !EnterSample(sample, expected, budget)) return;
    }
  }
  // What has been filled starts after this step's prefill, which looks at this no more.
  settled_ = std::all_of(batch_.begin(), batch_.end(), [](const Sample* sample) { return sample->state == State::kRunning; });
}

bool Scheduler::EnterPrompt(Group& group, int64_t& expected, int64_t& budget) {
  expected += needs_.OfPrompt(group);
  const int64_t size = needs_.SharedTokens(group);
  if (group.prefilled == size) return true;
  const auto first = std::find_if(group.samples.begin(), group.samples.end(), [](const Sample& sample) { return sample.state != State::kEnded; });
  if (group.prompt_pages.empty()) {
    if (expected + needs_.OwnExpected(*first, lengths_.share()) > pool_.pages()) return false;
    if (!FreePages(needs_.OfPrompt(group), Age(group.order, -1))) return false;
    while (static_cast<int64_t>(group.prompt_pages.size()) < needs_.OfPrompt(group)) group.prompt_pages.push_back(pool_.Allocate());
  }
  if (!PlanPiece({&group, nullptr, group.prefilled, std::min(size, group.prefilled + budget)}, budget)) return false;
  group.prefilled = pieces_.back().end;
  return group.prefilled == size;
}

bool Scheduler::EnterSample(Sample& sample, int64_t& expected, int64_t& budget) {
  expected += needs_.OwnExpected(sample, lengths_.share());
  if (sample.state == State::kWaiting && !Admit(sample, expected)) return false;
  return sample.state != State::kFilling || Fill(sample, budget);
}

bool Scheduler::Admit(Sample& sample, int64_t expected) {
  if (expected > pool_.pages() || static_cast<int>(batch_.size()) == options_.max_batch) return false;
  // The token that a step was sampling when it was preempted is not known yet.
  if (sample.issued > static_cast<int64_t>(sample.completion.tokens.size())) return false;
  const Group& group = *sample.group;
  const int64_t shared = needs_.WholeSharedPages(group), needed = needs_.Now(sample);
  if (!FreePages(needed - shared, AgeOf(sample))) return false;
  for (int64_t page = 0; page < shared; ++page) {
    pool_.AddReference(group.prompt_pages[page]);
    sample.pages.push_back(group.prompt_pages[page]);
  }
  GivePages(sample, needed);
  // A sample that begins takes a copy of the page in which the prompt ends; one that goes on is filled from there.
  sample.filled = sample.position() <= needs_.SharedTokens(group) ? needs_.SharedTokens(group) : shared * options_.page_tokens;
  sample.state = State::kFilling;
  const auto younger = [](const Sample* a, const Sample* b) { return AgeOf(*a) < AgeOf(*b); };
  batch_.insert(std::upper_bound(batch_.begin(), batch_.end(), &sample, younger), &sample);
  return true;
}

bool Scheduler::Fill(Sample& sample, int64_t& budget) {
  if (sample.filled >= sample.position()) return true;
  if (!PlanPiece({sample.group, &sample, sample.filled, std::min(sample.position(), sample.filled + budget)}, budget)) return false;
  sample.filled = pieces_.back().end;
  return sample.filled == sample.position();
}

bool Scheduler::PlanPiece(const PrefillPiece& piece, int64_t& budget) {
  if (piece.begin == piece.end || static_cast<int>(pieces_.size()) == options_.max_batch) return false;
  pieces_.push_back(piece);
  budget -= piece.end - piece.begin;
  return true;
}

const std::vector<SampleStart>& Scheduler::StartSamples() {
  starts_.clear();
  if (settled_) return starts_;
  for (Sample* sample : batch_) {
    if (sample->state != State::kFilling || sample->filled < sample->position()) continue;
    sample->state = State::kRunning;
    const Group& group = *sample->group;
    SampleStart start{sample, {}};
    const int64_t shared = needs_.SharedTokens(group);
    if (sample->position() <= shared && shared % options_.page_tokens != 0) {
      start.copy = {group.prompt_pages.back(), sample->pages[needs_.WholeSharedPages(group)]};
    }
    starts_.push_back(start);
  }
  return starts_;
}

bool Scheduler::Record(Sample& sample, int32_t token, float logprob, int64_t version) {
  if (!completions_.Record(sample, token, logprob, version)) return false;
  pool_.Release(sample.pages);
  sample.state = State::kEnded;
  ++sample.group->ended;
  lengths_.Add(static_cast<int64_t>(sample.completion.tokens.size()), sample.group->most_tokens);
  return true;
}

void Scheduler::Retire() {
  for (const auto& group : groups_) {
    if (!group->done()) continue;
    for (Sample& sample : group->samples) {
      Release(sample);
      sample.state = State::kEnded;
    }
    ReleasePrompt(*group);
    if (!group->aborted) completions_.Finish(*group);
  }
  std::erase_if(batch_, [](const Sample* sample) { return sample->state == State::kEnded; });
  std::erase_if(groups_, [](const std::shared_ptr<Group>& group) { return group->done(); });
}

bool Scheduler::FreePages(int64_t count, Age asker) {
  while (pool_.free_pages() < count) {
    if (!TakeSurplus() && !PreemptYounger(asker)) return false;
  }
  return true;
}

bool Scheduler::TakeSurplus() {
  for (auto it = batch_.rbegin(); it != batch_.rend(); ++it) {
    Sample& sample = **it;
    const int64_t needed = needs_.Now(sample);
    if (static_cast<int64_t>(sample.pages.size()) <= needed) continue;
    std::vector<int32_t> surplus(sample.pages.begin() + needed, sample.pages.end());
    sample.pages.resize(needed);
    pool_.Release(surplus);
    return true;
  }
  return false;
}

bool Scheduler::PreemptYounger(Age asker) {
  Sample* const youngest = batch_.empty() ? nullptr : batch_.back();
  // Prompts of which no sample has a place are younger than all that have one.
  for (auto it = groups_.rbegin(); it != groups_.rend() && (*it)->order > asker.first && (youngest == nullptr || it->get() != youngest->group); ++it) {
    if ((*it)->prompt_pages.empty()) continue;
    ReleasePrompt(**it);
    return true;
  }
  if (youngest == nullptr || !(asker < AgeOf(*youngest))) return false;
  Preempt(*youngest);
  return true;
}

void Scheduler::Preempt(Sample& sample) {
  Release(sample);
  sample.state = State::kWaiting;
  std::erase(batch_, &sample);
  ++preemptions_;
  settled_ = false;
}

void Scheduler::Release(Sample& sample) {
  pool_.Release(sample.pages);
  sample.filled = 0;
  if (sample.row >= 0) left_rows_.push_back(std::exchange(sample.row, -1));
}

void Scheduler::ReleasePrompt(Group& group) {
  pool_.Release(group.prompt_pages);
  group.prefilled = 0;
  settled_ = false;
}

void Scheduler::GivePages(Sample& sample, int64_t needed) {
  const int64_t most = needs_.AtMost(*sample.group);
  const int64_t wanted = options_.pages_ahead && needed < most && AllMayFit() ? most : needed;
  while (static_cast<int64_t>(sample.pages.size()) < wanted && (static_cast<int64_t>(sample.pages.size()) < needed || pool_.free_pages() > 0)) {
    sample.pages.push_back(pool_.Allocate());
  }
}

int Scheduler::Places(const Group& group) const { return std::min(group.request.samples - group.ended, options_.max_batch); }

int Scheduler::ReservedPlaces() const {
  int places = 0;
  for (const auto& group : groups_) places += Places(*group);
  return places;
}

int64_t Scheduler::ExpectedPages(const Group& group) const {
  int64_t pages = needs_.OfPrompt(group);
  int places = Places(group);
  for (const Sample& sample : group.samples) {
    if (sample.state == State::kEnded) continue;
    if (places-- == 0) break;
    pages += needs_.OwnExpected(sample, lengths_.share());
  }
  return pages;
}

int64_t Scheduler::ExpectedPages() const {
  int64_t pages = 0;
  for (const auto& group : groups_) pages += ExpectedPages(*group);
  return pages;
}

bool Scheduler::AllMayFit() const {
  int64_t pages = 0;
  for (const auto& group : groups_) pages += needs_.OfPrompt(*group) + Places(*group) * needs_.OwnAtMost(*group);
  return pages <= pool_.pages();
}

EngineLoad Scheduler::load() const {
  EngineLoad load;
  load.groups = static_cast<int>(groups_.size());
  load.sequences = static_cast<int>(batch_.size());
  load.free_sequences = options_.max_batch - ReservedPlaces();
  load.free_kv_tokens = std::max<int64_t>(0, pool_.pages() - ExpectedPages()) * options_.page_tokens;
  load.tokens = completions_.tokens();
  load.preemptions = preemptions_;
  return load;
}

}  // namespace cohort::rollout
