#include "services/cli/launch/follower_gpus.h"

#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::cli {
namespace {

using ::cohort::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class FollowerGpusTest : public ::testing::Test {
 protected:
  FollowerGpusTest() {
    config_.mutable_optimizer()->set_device(config::v1::DEVICE_CUDA);
    config_.mutable_optimizer()->set_data_parallel(3);
    config_.mutable_rollout()->set_device(config::v1::DEVICE_CUDA);
    config_.mutable_rollout()->set_first_gpu(1);
    config_.mutable_rollout()->set_gpus(1);
  }
  config::v1::RunConfig config_;
};

TEST_F(FollowerGpusTest, AFollowerOnAGpuThatWorkersFillIsRefusedWithWhatToSet) {
  EXPECT_EQ(GpuOfFollower(config_, 2), 2);
  for (const auto& [first, gpus, shared] : {std::tuple{1, 1, 1}, {2, 1, 2}, {0, 2, 1}, {0, 8, 1}}) {
    config_.mutable_rollout()->set_first_gpu(first);
    config_.mutable_rollout()->set_gpus(gpus);
    EXPECT_THAT(CheckFollowerGpus(config_), StatusIs(absl::StatusCode::kInvalidArgument,
                                                     AllOf(HasSubstr("rollout.kv_megabytes"), HasSubstr(absl::StrCat("all of GPU ", shared, " ")),
                                                           HasSubstr("rollout.first_gpu to 3"), HasSubstr("optimizer.data_parallel 3"))))
        << first << " " << gpus;
  }
}

TEST_F(FollowerGpusTest, GpusOfTheirOwnMemoryThatIsSharedOutAndProcessorsAreFine) {
  for (const int first : {0, 3}) {  // What the learner itself shares is checked where the config is loaded.
    config_.mutable_rollout()->set_first_gpu(first);
    EXPECT_OK(CheckFollowerGpus(config_)) << first;
  }
  config_.mutable_rollout()->set_first_gpu(1);
  config::v1::RunConfig other = config_;
  other.mutable_rollout()->set_kv_megabytes(1000);
  EXPECT_OK(CheckFollowerGpus(other));
  other = config_;
  other.mutable_rollout()->set_device(config::v1::DEVICE_CPU);
  EXPECT_OK(CheckFollowerGpus(other));
  other = config_;
  other.mutable_optimizer()->set_device(config::v1::DEVICE_CPU);
  EXPECT_OK(CheckFollowerGpus(other));
  other = config_;
  other.mutable_optimizer()->set_data_parallel(1);
  EXPECT_OK(CheckFollowerGpus(other));
}

}  // namespace
}  // namespace cohort::cli
