#include "services/cli/evaluate/evaluator.h"

#include <algorithm>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/status/status_macros.h"
#include "common/sync/thread.h"
#include "services/cli/evaluate/sampling_client.h"
#include "services/cli/evaluate/statistics.h"

namespace cohort::cli {
namespace {

constexpr int kSequencesPerRequest = 64;
constexpr int kRequestsPerWorker = 2;  // In flight, so that a worker's batch stays full while a request runs out.
constexpr absl::Duration kRequestTimeout = absl::Minutes(10);
// Evaluation draws other random numbers than training: training steps count up from 0 in the key.
constexpr int64_t kFirstKeyStep = int64_t{1} << 40;

// One request's worth of problems.
struct Chunk {
  size_t begin = 0;
  size_t end = 0;
  bool greedy = false;
};

std::vector<Chunk> Chunks(const EvaluationPlan& plan) {
  std::vector<Chunk> chunks;
  const auto add = [&](int samples, bool greedy) {
    const auto size = static_cast<size_t>(std::max(1, kSequencesPerRequest / samples));
    for (size_t begin = 0; begin < plan.problems.size(); begin += size) chunks.push_back({begin, std::min(plan.problems.size(), begin + size), greedy});
  };
  if (plan.samples > 0) add(plan.samples, false);
  if (plan.greedy) add(1, true);
  return chunks;
}

rollout::v1::GenerateRequest RequestFor(const EvaluationPlan& plan, const Chunk& chunk) {
  rollout::v1::GenerateRequest request;
  for (size_t i = chunk.begin; i < chunk.end; ++i) {
    const std::vector<int32_t>& ids = plan.problems[i].token_ids;
    request.add_prompts()->mutable_token_ids()->Add(ids.begin(), ids.end());
  }
  request.set_samples(chunk.greedy ? 1 : plan.samples);
  *request.mutable_sampling() = plan.sampling;
  if (chunk.greedy) {
    request.mutable_sampling()->set_temperature(0);
    request.mutable_sampling()->set_top_p(1);
    request.mutable_sampling()->set_top_k(0);
    request.mutable_sampling()->set_min_p(0);
  }
  request.set_step(kFirstKeyStep + static_cast<int64_t>(chunk.begin));
  return request;
}

reward::v1::ScoreItem ItemFor(const EvaluationPlan& plan, const Chunk& chunk, const SampledCompletion& completion) {
  reward::v1::ScoreItem item;
  item.set_id(absl::StrCat(completion.prompt, "/", completion.sample));
  item.set_completion(completion.text);
  const data::PreparedPrompt& problem = plan.problems[chunk.begin + static_cast<size_t>(completion.prompt)];
  item.set_gold_answer(problem.gold_answer);
  item.set_source(problem.source);
  item.set_template_(plan.answer_template);
  item.set_think_prefilled(plan.think_prefilled);
  item.set_policy_id(plan.policy);
  item.set_finish_reason(completion.finish_reason);
  return item;
}

GradedCompletion Combine(const EvaluationPlan& plan, const Chunk& chunk, const SampledCompletion& completion, const reward::v1::ScoreResult& score) {
  GradedCompletion graded;
  graded.problem = static_cast<int64_t>(chunk.begin) + completion.prompt;
  graded.sample = completion.sample;
  graded.text = completion.text;
  if (score.answer_end() > score.answer_begin() && score.answer_end() <= completion.text.size()) {
    graded.answer = completion.text.substr(score.answer_begin(), score.answer_end() - score.answer_begin());
  }
  graded.verdict = std::string(absl::StripPrefix(reward::v1::Verdict_Name(score.verdict()), "VERDICT_"));
  graded.correct = score.verdict() == reward::v1::VERDICT_CORRECT;
  graded.format_ok = score.format_ok();
  graded.self_check = ContainsAny(completion.text, plan.self_check_words);
  graded.truncated = completion.finish_reason == common::v1::FINISH_REASON_LENGTH;
  graded.tokens = completion.tokens;
  return graded;
}

// What the threads of one evaluation share.
struct Shared {
  std::atomic<size_t> next{0};
  absl::Mutex mutex;
  absl::Status error ABSL_GUARDED_BY(mutex);
  std::vector<GradedCompletion> sampled ABSL_GUARDED_BY(mutex);
  std::vector<GradedCompletion> greedy ABSL_GUARDED_BY(mutex);

  bool failed() {
    absl::MutexLock lock(&mutex);
    return !error.ok();
  }
};

bool InOrder(const GradedCompletion& a, const GradedCompletion& b) { return std::tie(a.problem, a.sample) < std::tie(b.problem, b.sample); }

}  // namespace

absl::StatusOr<Evaluation> Evaluator::Run(const EvaluationPlan& plan, const std::function<bool()>& cancelled) {
  const absl::Time start = absl::Now();
  const std::vector<Chunk> chunks = Chunks(plan);
  done_ = 0;
  total_ = static_cast<int64_t>(chunks.size());
  Shared shared;
  const auto is_cancelled = [&] { return (cancelled && cancelled()) || shared.failed(); };
  const auto run_chunk = [&](const std::string& address, const Chunk& chunk) -> absl::Status {
    const absl::Time deadline = absl::Now() + kRequestTimeout;
    COHORT_ASSIGN_OR_RETURN(const std::vector<SampledCompletion> completions, Sample(address, RequestFor(plan, chunk), deadline, is_cancelled));
    std::vector<reward::v1::ScoreItem> items;
    for (const SampledCompletion& completion : completions) items.push_back(ItemFor(plan, chunk, completion));
    COHORT_ASSIGN_OR_RETURN(const std::vector<reward::v1::ScoreResult> scores, Grade(reward_address_, items, deadline, is_cancelled));
    absl::MutexLock lock(&shared.mutex);
    for (size_t i = 0; i < completions.size(); ++i) {
      (chunk.greedy ? shared.greedy : shared.sampled).push_back(Combine(plan, chunk, completions[i], scores[i]));
    }
    return absl::OkStatus();
  };
  const auto work = [&](const std::string& address) {
    for (size_t i = shared.next++; i < chunks.size() && !is_cancelled(); i = shared.next++) {
      const absl::Status status = run_chunk(address, chunks[i]);
      ++done_;
      absl::MutexLock lock(&shared.mutex);
      if (!status.ok() && shared.error.ok()) shared.error = status;
    }
  };
  {
    std::vector<sync::Thread> threads;
    for (int i = 0; i < kRequestsPerWorker * static_cast<int>(rollout_addresses_.size()); ++i) {
      const std::string& address = rollout_addresses_[static_cast<size_t>(i) % rollout_addresses_.size()];
      threads.emplace_back(absl::StrCat("evaluate-", i), [&work, address] { work(address); });
    }
  }
  absl::MutexLock lock(&shared.mutex);
  if (cancelled && cancelled()) return absl::CancelledError("the evaluation was interrupted");
  COHORT_RETURN_IF_ERROR(shared.error);
  Evaluation evaluation;
  evaluation.model = plan.model;
  evaluation.temperature = plan.sampling.temperature();
  for (const data::PreparedPrompt& problem : plan.problems) {
    evaluation.prompts.push_back(problem.text);
    evaluation.gold_answers.push_back(problem.gold_answer);
  }
  evaluation.sampled = std::move(shared.sampled);
  evaluation.greedy = std::move(shared.greedy);
  std::sort(evaluation.sampled.begin(), evaluation.sampled.end(), InOrder);
  std::sort(evaluation.greedy.begin(), evaluation.greedy.end(), InOrder);
  evaluation.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  return evaluation;
}

}  // namespace cohort::cli
