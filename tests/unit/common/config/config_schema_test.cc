#include <string>

#include "common/config/descriptor_data.h"
#include "common/config/schema.h"
#include "google/protobuf/descriptor.pb.h"
#include "tests/unit/common/config/config_fixture.h"

namespace cohort::config {
namespace {

using ::cohort::testing::IsOkAndHolds;
using ::cohort::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

class ConfigSchemaTest : public ConfigFixture {};

TEST_F(ConfigSchemaTest, EveryFieldOfBothSchemasExplainsItself) {
  for (const auto* schema : {v1::RunConfig::descriptor(), v1::PretrainConfig::descriptor()}) {
    for (const Leaf& leaf : Leaves(*schema)) {
      ASSERT_OK_AND_ASSIGN(const std::string text, Explain(leaf.path));
      EXPECT_THAT(text, HasSubstr(leaf.path + " ("));
      EXPECT_THAT(text, AnyOf(HasSubstr("Required"), HasSubstr("Default: "))) << leaf.path;
      EXPECT_THAT(text, Not(HasSubstr(")\n\n  \n"))) << leaf.path << " has no comment";
    }
  }
}

TEST_F(ConfigSchemaTest, AFieldIsExplainedWithTypeUnitRangeAndDefault) {
  EXPECT_THAT(
      Explain("algorithm.group_size"),
      IsOkAndHolds("algorithm.group_size (a whole number, in completions)\n\n  Completions of one prompt.\n\n  Required. Allowed: at least 2.\n"));
  EXPECT_THAT(Explain("rollout.temperature"), IsOkAndHolds(AllOf(HasSubstr("Divides the logits."), HasSubstr("Default: 1. Allowed: above 0."))));
}

TEST_F(ConfigSchemaTest, AFieldMayBeAskedForWithoutItsSection) {
  EXPECT_THAT(Explain("group_size"), IsOkAndHolds(HasSubstr("algorithm.group_size")));
}

TEST_F(ConfigSchemaTest, TheValuesOfAChoiceAreExplained) {
  EXPECT_THAT(Explain("algorithm.kl_estimator"),
              IsOkAndHolds(AllOf(HasSubstr("K1: log ratio."), HasSubstr("K3: exp"), Not(HasSubstr("UNSPECIFIED")))));
  EXPECT_THAT(Explain("reward.template"), IsOkAndHolds(HasSubstr("R1_ZERO: <think>")));
}

TEST_F(ConfigSchemaTest, ASectionIsExplainedWithItsFields) {
  EXPECT_THAT(Explain("queue"), IsOkAndHolds(AllOf(HasSubstr("The prompt queue."), HasSubstr("queue.lease_seconds: A worker that has not renewed"))));
}

TEST_F(ConfigSchemaTest, AnUnknownFieldNamesTheNearest) {
  EXPECT_THAT(Explain("algorithm.groupsize"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("did you mean algorithm.group_size?")));
  EXPECT_THAT(Explain("qwertyuiop"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("sections: run, model")));
}

TEST_F(ConfigSchemaTest, DerivedQuantitiesShowTheirArithmetic) {
  ASSERT_OK_AND_ASSIGN(const auto config, Load(kMinimal, {"algorithm.minibatches=16", "run.steps=5000"}));
  const auto holds = [&](const std::string& name, const std::string& value) {
    EXPECT_THAT(Derive(config), Contains(AllOf(Field(&DerivedQuantity::name, name), Field(&DerivedQuantity::value, HasSubstr(value)))));
  };
  holds("samples per step", "256 = 32 prompts × 8 completions");
  holds("samples per update", "16 = 256 / 16 minibatches");
  holds("updates of the run", "80,000 = 5000 steps × 16");
  holds("samples of the run", "1,280,000");
  holds("completion tokens per step", "at most 16,384 = 256 × 64");
  holds("groups decoded together", "32 = 2 workers × 16");
  holds("reward of a completion", "from 0 to 2");
  holds("evaluation", "none");
  ASSERT_OK_AND_ASSIGN(const auto shared, Load(kMinimal, {"optimizer.data_parallel=3"}));
  EXPECT_THAT(Derive(shared), Contains(AllOf(Field(&DerivedQuantity::name, "learner processes"),
                                             Field(&DerivedQuantity::value, "3: the leader and 2 followers"))));
}

TEST_F(ConfigSchemaTest, TheFingerprintKeepsWhenARunIsMovedRescaledOrProlonged) {
  ASSERT_OK_AND_ASSIGN(const auto config, Load(kMinimal));
  for (const char* option : {"run.steps=11", "run.directory=/elsewhere", "rollout.workers=5", "rollout.threads=2", "rollout.max_batch=64",
                             "optimizer.threads=1", "optimizer.data_parallel=3", "queue.redis_address=127.0.0.1:6379", "queue.lease_seconds=3", "checkpoint.every_steps=3",
                             "reward.sandbox_workers=3", "data.train=/mnt/train.jsonl", "model.path=/mnt/base/", "evaluation.problems=3"}) {
    ASSERT_OK_AND_ASSIGN(const auto other, Load(kMinimal, {option}));
    EXPECT_EQ(Fingerprint(other), Fingerprint(config)) << option;
  }
}

TEST_F(ConfigSchemaTest, TheFingerprintChangesWithWhatIsLearnt) {
  ASSERT_OK_AND_ASSIGN(const auto config, Load(kMinimal));
  for (const char* option : {"run.seed=1", "run.name=other", "data.train=other.jsonl", "model.path=models/other", "algorithm.group_size=4",
                             "optimizer.learning_rate=1e-4", "rollout.max_new_tokens=65", "reward.format_weight=0.5", "algorithm.max_staleness=1"}) {
    ASSERT_OK_AND_ASSIGN(const auto other, Load(kMinimal, {option}));
    EXPECT_NE(Fingerprint(other), Fingerprint(config)) << option;
  }
}

TEST_F(ConfigSchemaTest, TheNearestWordIsTheOneWithTheFewestEdits) {
  EXPECT_EQ(Nearest("group_siz", {"group_size", "top_k"}), "group_size");
  EXPECT_EQ(Nearest("TOPK", {"group_size", "top_k"}), "top_k");
  EXPECT_EQ(Nearest("qqqqqqqq", {"group_size", "top_k"}), "");
}

}  // namespace
}  // namespace cohort::config
