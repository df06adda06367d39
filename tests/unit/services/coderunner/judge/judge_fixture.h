#pragma once

#include <memory>
#include <string>

#include "common/metrics/metrics.h"
#include "services/coderunner/judge/judge.h"
#include "tests/unit/services/coderunner/sandbox_fixture.h"

namespace cohort::coderunner {

// A judge with a real sandbox. Compilers get less time than in the service, so that bombs end soon.
class JudgeFixture : public SandboxFixture {
 protected:
  void SetUp() override {
    SandboxFixture::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    Limits build = kBuildLimits;
    build.cpu = absl::Seconds(5);
    judge_ = std::make_unique<Judge>(*sandbox_, *workspace_, toolchain_, metrics_, build);
  }

  Judgement Decide(const std::string& gold, Language language, const std::string& source) {
    const absl::StatusOr<Problem> problem = ReadProblem(gold);
    EXPECT_OK(problem.status());
    return problem.ok() ? judge_->Decide(0, *problem, language, source, {}) : Judgement();
  }
  Judgement Python(const std::string& gold, const std::string& source) { return Decide(gold, Language::kPython3, source); }
  Judgement Cxx(const std::string& gold, const std::string& source) { return Decide(gold, Language::kCpp17, source); }

  metrics::Registry registry_;
  JudgeMetrics metrics_{registry_};
  std::unique_ptr<Judge> judge_;
};

}  // namespace cohort::coderunner
