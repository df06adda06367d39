#include "common/redis/reply.h"

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::redis {
namespace {

using ::cohort::testing::HasReason;
using ::cohort::testing::IsOkAndHolds;
using ::cohort::testing::StatusIs;

TEST(ReplyTest, ErrorCodeOfTheServerBecomesStatusAndReason) {
  EXPECT_THAT(ErrorOf("NOGROUP No such key 'x'"), HasReason("NOGROUP"));
  EXPECT_THAT(ErrorOf("NOGROUP No such key 'x'"), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(ErrorOf("no code at all"), StatusIs(absl::StatusCode::kInternal, "no code at all"));
}

TEST(ReplyTest, NumbersAreReadFromIntegersAndFromDigits) {
  EXPECT_THAT(AsInteger(Reply{.kind = Reply::Kind::kInteger, .integer = -7}), IsOkAndHolds(-7));
  EXPECT_THAT(AsInteger(Reply{.kind = Reply::Kind::kString, .text = "1234567890123"}), IsOkAndHolds(1234567890123));
}

TEST(ReplyTest, ArrayOfAnotherSizeIsAnError) {
  Reply array{.kind = Reply::Kind::kArray};
  array.elements.resize(2);
  EXPECT_THAT(AsArray(array, 3), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(AsArray(array, 2), IsOkAndHolds(::testing::SizeIs(2)));
}

TEST(ReplyTest, OutOfMemoryIsResourceExhausted) {
  EXPECT_THAT(ErrorOf("OOM command not allowed when used memory > 'maxmemory'."), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(ErrorOf("LOADING Redis is loading the dataset in memory"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(ErrorOf("NOAUTH Authentication required."), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(ErrorOf("ERR unknown command"), StatusIs(absl::StatusCode::kInternal));
}

TEST(ReplyTest, UnexpectedKindIsAnErrorAndNotAGuess) {
  EXPECT_THAT(AsInteger(Reply{.kind = Reply::Kind::kString, .text = "7x"}), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(AsString(Reply{.kind = Reply::Kind::kInteger, .integer = 7}), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(AsArray(Reply{}), StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace cohort::redis
