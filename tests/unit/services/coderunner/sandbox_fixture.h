#pragma once

#include <memory>
#include <string>

#include "common/sandbox/zygote.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gtest/gtest.h"
#include "services/coderunner/sandbox/sandbox.h"
#include "services/coderunner/sandbox/self_test.h"
#include "services/coderunner/sandbox/workspace.h"

namespace cohort::coderunner {

// A real sandbox behind the walls of the parameter; skips where they cannot be built. Each test forks its zygote before it has a thread.
class SandboxFixture : public ::testing::TestWithParam<Walls> {
 protected:
  void SetUp() override {
    auto forked = ForkSupervisorZygote();
    ASSERT_OK(forked);
    zygote_ = *std::move(forked);
    auto created = Workspace::Create("/tmp");
    ASSERT_OK(created);
    workspace_ = *std::move(created);
    sandbox_ = std::make_unique<Sandbox>(*zygote_, Sandbox::Options{workspace_->root(), ViewOf(toolchain_), GetParam()});
    const std::string why = WhyNothingRuns(*sandbox_, *workspace_, toolchain_, {});
    if (!why.empty() && GetParam() == Walls::kNamespaces) GTEST_SKIP() << "no name spaces can be made here: " << why;
    ASSERT_EQ(why, "");
  }

  Toolchain toolchain_;
  std::unique_ptr<sandbox::Zygote> zygote_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<Sandbox> sandbox_;
};

inline std::string WallsName(const ::testing::TestParamInfo<Walls>& info) { return ToString(info.param); }

}  // namespace cohort::coderunner
