#include "services/reward/server/policy_reader.h"

#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

using cohort::testing::StatusIs;
using ::testing::HasSubstr;

TEST(PolicyReaderTest, TheShapeComesFromTheItemOrFromTheId) {
  PolicyReader reader;
  EXPECT_EQ((*reader.Read("", v1::TEMPLATE_R1_ZERO))->id, "r1_zero:exact");
  EXPECT_EQ((*reader.Read("boxed:order_matters", v1::TEMPLATE_UNSPECIFIED))->policy.shape, v1::TEMPLATE_BOXED_ONLY);
  EXPECT_EQ((*reader.Read("boxed:exact", v1::TEMPLATE_BOXED_ONLY))->id, "boxed:exact");
  EXPECT_EQ((*reader.Read("", v1::TEMPLATE_BARE_ANSWER))->id, "bare:exact");
}

TEST(PolicyReaderTest, RefusesWhatContradictsItselfAndGoesOn) {
  PolicyReader reader;
  EXPECT_THAT(reader.Read("", v1::TEMPLATE_UNSPECIFIED).status(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not set")));
  EXPECT_THAT(reader.Read("boxed:exact", v1::TEMPLATE_R1_ZERO).status(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("boxed")));
  EXPECT_THAT(reader.Read("", static_cast<v1::Template>(99)).status(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("99")));
  EXPECT_THAT(reader.Read("nonsense", v1::TEMPLATE_R1_ZERO).status(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nonsense")));
  EXPECT_EQ((*reader.Read("", v1::TEMPLATE_R1_ZERO))->id, "r1_zero:exact");
}

}  // namespace
}  // namespace cohort::reward
