#include "common/nccl/library.h"

#include <nccl.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "common/nccl/status.h"
#include "common/testing/status_matchers.h"

namespace cohort::nccl {
namespace {

using ::cohort::testing::IsOkAndHolds;
using ::cohort::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Ne;

TEST(NcclLibraryTest, TheLibraryThatIsLoadedIsTheOneThatWasCompiledAgainst) {
  EXPECT_THAT(LibraryVersion(), IsOkAndHolds(absl::StrCat(NCCL_MAJOR, ".", NCCL_MINOR, ".", NCCL_PATCH)));
}

TEST(NcclLibraryTest, EveryIdentityIsAnother) {
  setenv("NCCL_SOCKET_IFNAME", "lo", 1);
  ASSERT_OK_AND_ASSIGN(const std::string first, NewCommunicatorId());
  EXPECT_EQ(first.size(), NCCL_UNIQUE_ID_BYTES);
  EXPECT_THAT(NewCommunicatorId(), IsOkAndHolds(Ne(first)));
}

TEST(NcclStatusTest, AFailedPeerIsUnavailableAndTheMessageSaysWhatWasTried) {
  EXPECT_THAT(ToStatus(ncclRemoteError, "broadcasting"), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("broadcasting")));
}

TEST(NcclStatusTest, WorkInProgressIsNoError) { EXPECT_OK(ToStatus(ncclInProgress, "broadcasting")); }

}  // namespace
}  // namespace cohort::nccl
