#include "services/coderunner/judge/judge_metrics.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace cohort::coderunner {
namespace {

constexpr TestEnd kAllEnds[] = {TestEnd::kPassed,       TestEnd::kWrongAnswer, TestEnd::kTimeLimit,    TestEnd::kMemoryLimit,
                                TestEnd::kRuntimeError, TestEnd::kOutputLimit, TestEnd::kSandboxFailed};

}  // namespace

const char* ToString(TestEnd end) {
  switch (end) {
    case TestEnd::kPassed: return "passed";
    case TestEnd::kWrongAnswer: return "wrong_answer";
    case TestEnd::kTimeLimit: return "time_limit";
    case TestEnd::kMemoryLimit: return "memory_limit";
    case TestEnd::kRuntimeError: return "runtime_error";
    case TestEnd::kOutputLimit: return "output_limit";
    case TestEnd::kSandboxFailed: return "sandbox_failed";
  }
  return "unknown";
}

JudgeMetrics::JudgeMetrics(metrics::Registry& registry) {
  sandbox_failures = registry.GetCounter("cohort_coderunner_sandbox_failures_total", "Processes that were run once more because the sandbox failed.");
  refused = registry.GetCounter("cohort_coderunner_refused_batches_total", "Batches refused because the queue was full.");
  cache_hits = registry.GetCounter("cohort_coderunner_cache_hits_total", "Programs whose judgement was remembered.");
  joined = registry.GetCounter("cohort_coderunner_joined_total", "Programs that waited for the judgement of an equal one.");
  bad_golds = registry.GetCounter("cohort_coderunner_gold_failures_total", "Reference documents that could not be read when a data set was loaded.");
  queue_depth = registry.GetGauge("cohort_coderunner_queue_depth_programs", "Programs that wait for a slot.");
  slots = registry.GetGauge("cohort_coderunner_slots", "Programs that run at a time.");
  compile_seconds = registry.GetHistogram("cohort_coderunner_compile_seconds", "Wall time of a compilation.", metrics::DecadeBuckets(1e-2, 100));
  test_seconds_ = registry.GetHistogram("cohort_coderunner_test_seconds", "Wall time of a test.", metrics::DecadeBuckets(1e-3, 100));
  judgement_seconds_ = registry.GetHistogram("cohort_coderunner_judgement_seconds", "Wall time of a program with all its tests.", metrics::DecadeBuckets(1e-3, 1000));
  queue_seconds_ = registry.GetHistogram("cohort_coderunner_queue_seconds", "Time a program waited for a slot.", metrics::DecadeBuckets(1e-3, 1000));
  for (const TestEnd end : kAllEnds) {
    tests_.push_back(registry.GetCounter("cohort_coderunner_tests_total", "Tests by how they ended.", {{"end", ToString(end)}}));
  }
  for (int i = 0; i < reward::v1::Verdict_ARRAYSIZE; ++i) {
    const auto name = static_cast<reward::v1::Verdict>(i);
    verdicts_.push_back(registry.GetCounter("cohort_coderunner_programs_total", "Programs that were run, by verdict.",
                                            {{"verdict", absl::AsciiStrToLower(absl::StripPrefix(reward::v1::Verdict_Name(name), "VERDICT_"))}}));
  }
}

void JudgeMetrics::CountTest(TestEnd end, absl::Duration wall) {
  tests_[static_cast<size_t>(end)]->Add();
  test_seconds_->Observe(absl::ToDoubleSeconds(wall));
}

void JudgeMetrics::CountJudgement(const Judgement& judgement, absl::Duration waited) {
  verdicts_[judgement.verdict]->Add();
  judgement_seconds_->Observe(judgement.micros * 1e-6);
  queue_seconds_->Observe(absl::ToDoubleSeconds(waited));
}

}  // namespace cohort::coderunner
