#pragma once

#include <vector>

#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "services/coderunner/judge/judgement.h"

namespace cohort::coderunner {

// How one test ended.
enum class TestEnd { kPassed, kWrongAnswer, kTimeLimit, kMemoryLimit, kRuntimeError, kOutputLimit, kSandboxFailed };
const char* ToString(TestEnd end);

// What the service exports about its work. Thread-safe.
struct JudgeMetrics {
  explicit JudgeMetrics(metrics::Registry& registry);

  void CountTest(TestEnd end, absl::Duration wall);
  void CountJudgement(const Judgement& judgement, absl::Duration waited);

  metrics::Counter* sandbox_failures = nullptr;
  metrics::Counter* refused = nullptr;
  metrics::Counter* cache_hits = nullptr;
  metrics::Counter* joined = nullptr;
  metrics::Counter* bad_golds = nullptr;
  metrics::Gauge* queue_depth = nullptr;
  metrics::Gauge* slots = nullptr;
  metrics::Histogram* compile_seconds = nullptr;

 private:
  std::vector<metrics::Counter*> tests_;     // By TestEnd.
  std::vector<metrics::Counter*> verdicts_;  // By Verdict.
  metrics::Histogram* test_seconds_ = nullptr;
  metrics::Histogram* judgement_seconds_ = nullptr;
  metrics::Histogram* queue_seconds_ = nullptr;
};

}  // namespace cohort::coderunner
