// Communicators whose peers do not come; those that do are in tests/integration/policy/gpu.
#include "common/nccl/communicator.h"

#include <cstdlib>
#include <optional>

#include "absl/time/clock.h"
#include "common/cuda/memory.h"
#include "common/nccl/library.h"
#include "common/sync/thread.h"
#include "common/testing/status_matchers.h"

namespace cohort::nccl {
namespace {

using ::cohort::testing::StatusIs;

class CommunicatorTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { setenv("NCCL_SOCKET_IFNAME", "lo", /*overwrite=*/0); }
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(id_, NewCommunicatorId());
  }

  std::string id_;
};

TEST_F(CommunicatorTest, OneRankIsACommunicatorToo) {
  ASSERT_OK_AND_ASSIGN(const auto communicator, Communicator::Form(id_, 1, 0, /*gpu=*/0, absl::Now() + absl::Seconds(20), {}));
  ASSERT_OK_AND_ASSIGN(const auto buffer, cuda::DeviceBuffer<char>::Allocate(1 << 20, "a test"));
  EXPECT_OK(communicator->Broadcast(buffer.data(), nullptr, buffer.bytes(), absl::Now() + absl::Seconds(20), {}));
}

TEST_F(CommunicatorTest, APeerThatDoesNotComeIsWaitedForUntilTheDeadlineAndTheGpuStaysOfUse) {
  const absl::Time begin = absl::Now();
  EXPECT_THAT(Communicator::Form(id_, 2, 0, 0, begin + absl::Seconds(1), {}), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_GE(absl::Now() - begin, absl::Seconds(1));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(3)) << "the deadline and what giving up takes";
  ASSERT_OK_AND_ASSIGN(id_, NewCommunicatorId());
  EXPECT_OK(Communicator::Form(id_, 1, 0, 0, absl::Now() + absl::Seconds(20), {}));
}

TEST_F(CommunicatorTest, AStopEndsTheWait) {
  sync::StopSource stop;
  const absl::Time begin = absl::Now();
  sync::Thread stopper("stopper", [&] {
    absl::SleepFor(absl::Milliseconds(300));
    stop.RequestStop();
  });
  EXPECT_THAT(Communicator::Form(id_, 2, 0, 0, absl::Now() + absl::Minutes(5), stop.token()), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
}

TEST_F(CommunicatorTest, AnIdentityOfAnotherSizeIsRefused) {
  EXPECT_THAT(Communicator::Form("short", 2, 0, 0, absl::Now() + absl::Seconds(1), {}), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cohort::nccl
