#include "services/learner/train/catch_errors.h"

#include <c10/util/Exception.h>

#include <memory>
#include <new>
#include <stdexcept>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::learner {
namespace {

using cohort::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(CatchErrorsTest, ReturnsWhatTheBodyReturns) {
  int calls = 0;
  EXPECT_OK(CatchErrors([&] { ++calls; }));
  EXPECT_EQ(calls, 1);
  EXPECT_THAT(CatchErrors([] { return absl::NotFoundError("no such file"); }), StatusIs(absl::StatusCode::kNotFound, HasSubstr("no such file")));
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<int> moved, CatchErrors([] { return std::make_unique<int>(5); }));
  EXPECT_EQ(*moved, 5);
}

TEST(CatchErrorsTest, AGpuWithoutMemoryIsToldWithWhatToChange) {
  const auto caught = CatchErrors([]() -> double { TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory. Tried to allocate 2.00 GiB"); });
  EXPECT_THAT(caught, StatusIs(absl::StatusCode::kResourceExhausted,
                               AllOf(HasSubstr("Tried to allocate 2.00 GiB"), HasSubstr("lower optimizer.micro_batch_tokens"), HasSubstr("rollout.kv_megabytes"))));
}

TEST(CatchErrorsTest, AHostWithoutMemoryToo) {
  EXPECT_THAT(CatchErrors([] { throw std::bad_alloc(); }),
              StatusIs(absl::StatusCode::kResourceExhausted, AllOf(HasSubstr("no memory left"), HasSubstr("lower optimizer.micro_batch_tokens"))));
}

TEST(CatchErrorsTest, OtherErrorsKeepTheirMessageButNotTheirStackTrace) {
  const auto caught = CatchErrors([] { TORCH_CHECK(false, "self must be a matrix"); });
  EXPECT_THAT(caught, StatusIs(absl::StatusCode::kInternal, AllOf(HasSubstr("self must be a matrix"), Not(HasSubstr("frame #0")))));
  EXPECT_THAT(CatchErrors([] { throw std::runtime_error("broken"); }), StatusIs(absl::StatusCode::kInternal, HasSubstr("broken")));
  EXPECT_THAT(CatchErrors([] { throw 7; }), StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace cohort::learner
