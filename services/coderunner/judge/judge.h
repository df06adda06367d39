#pragma once

#include <string>

#include "common/sync/stop.h"
#include "services/coderunner/judge/judge_metrics.h"
#include "services/coderunner/judge/judgement.h"
#include "services/coderunner/sandbox/workspace.h"
#include "services/coderunner/language/language.h"
#include "services/coderunner/problem/problem.h"
#include "services/coderunner/sandbox/sandbox.h"

namespace cohort::coderunner {

// What a compiler may use.
inline constexpr Limits kBuildLimits = {absl::Seconds(20), absl::Seconds(60), int64_t{2} << 30, 256 << 10};

// Decides about programs: compiles once, runs every test in a fresh process, compares here, where the expected results are, and stops at the first test that fails.
// A failure of the sandbox is tried once more, then the judgement is INTERNAL. Thread-safe for different slots.
class Judge {
 public:
  // All must outlive the judge.
  Judge(Sandbox& sandbox, const Workspace& workspace, const Toolchain& toolchain, JudgeMetrics& metrics, Limits build_limits = kBuildLimits)
      : sandbox_(sandbox), workspace_(workspace), toolchain_(toolchain), metrics_(metrics), build_limits_(build_limits) {}

  Judgement Decide(int slot, const Problem& problem, Language language, const std::string& source, const sync::StopToken& stop);

 private:
  RunOutcome RunPatiently(int slot, const Command& command, const sync::StopToken& stop);
  // False when the program cannot be built; the judgement then says why.
  bool Build(int slot, const Recipe& recipe, const sync::StopToken& stop, Judgement& judgement);
  // False when the test fails; the judgement then says why.
  bool RunTest(int slot, const Problem& problem, const Recipe& recipe, size_t index, const sync::StopToken& stop, Judgement& judgement);

  Sandbox& sandbox_;
  const Workspace& workspace_;
  const Toolchain& toolchain_;
  JudgeMetrics& metrics_;
  const Limits build_limits_;
};

}  // namespace cohort::coderunner
