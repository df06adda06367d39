#include "common/config/config.h"

#include <string>

#include "google/protobuf/util/message_differencer.h"
#include "tests/unit/common/config/config_fixture.h"

namespace cohort::config {
namespace {

using ::cohort::testing::StatusIs;
using ::google::protobuf::util::MessageDifferencer;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ConfigTest : public ConfigFixture {};

TEST_F(ConfigTest, FillsDefaultsInFromTheSchema) {
  ASSERT_OK_AND_ASSIGN(const auto config, Load(kMinimal));
  EXPECT_EQ(config.run().steps(), 10);
  EXPECT_EQ(config.run().directory(), "runs/small");
  EXPECT_EQ(config.optimizer().learning_rate(), 4e-4);
  EXPECT_EQ(config.optimizer().beta2(), 0.95);
  EXPECT_EQ(config.algorithm().advantage(), v1::ADVANTAGE_GRPO);
  EXPECT_EQ(config.data().prompt_template(), "{prompt}");
  EXPECT_EQ(config.reward().template_(), reward::v1::TEMPLATE_R1_ZERO);
  EXPECT_TRUE(config.checkpoint().keep_best());
  EXPECT_THAT(config.evaluation().self_check_words(), ElementsAre("wait"));
}

TEST_F(ConfigTest, WhatTheFileSaysWinsOverDefaults) {
  ASSERT_OK_AND_ASSIGN(const auto config, Load(With("data:\n",
                                                    "checkpoint:\n  keep_best: false\nevaluation:\n  self_check_words: [hmm, 'so so']\ndata:\n"
                                                    "  prompt_template: \"User: {prompt}\\nAssistant:\"\n")));
  EXPECT_FALSE(config.checkpoint().keep_best());
  EXPECT_THAT(config.evaluation().self_check_words(), ElementsAre("hmm", "so so"));
  EXPECT_EQ(config.data().prompt_template(), "User: {prompt}\nAssistant:");
}

TEST_F(ConfigTest, EnumValuesAreWrittenInShortOrInFullInAnyCase) {
  for (const char* name : {"DR_GRPO", "dr_grpo", "ADVANTAGE_DR_GRPO"}) {
    ASSERT_OK_AND_ASSIGN(const auto config, Load(With("group_size: 8\n", std::string("group_size: 8\n  advantage: ") + name + "\n")));
    EXPECT_EQ(config.algorithm().advantage(), v1::ADVANTAGE_DR_GRPO) << name;
  }
}

TEST_F(ConfigTest, AnUnknownKeyNamesTheNearestKnownOne) {
  ExpectError(With("group_size", "group_siz"), 12, "algorithm.group_siz: is not a known key; did you mean 'group_size'?");
  ExpectError(With("data:\n", "data:\n  max_promt_tokens: 5\n"), 7, "data.max_promt_tokens: is not a known key; did you mean 'max_prompt_tokens'?");
}

TEST_F(ConfigTest, AKnownKeyInTheWrongSectionIsSentToTheRightOne) {
  ExpectError(With("rollout:\n", "rollout:\n  minibatches: 4\n"), 9, "rollout.minibatches: is not a known key; did you mean algorithm.minibatches?");
}

TEST_F(ConfigTest, AnUnknownKeyLikeNoOtherGetsTheListOfAll) {
  ExpectError(With("run:\n", "run:\n  zzzzzzzzzzzz: 1\n"), 2, "run.zzzzzzzzzzzz: is not a known key; known here: name, directory, seed, steps");
}

TEST_F(ConfigTest, AnUnknownSectionNamesTheNearest) {
  ExpectError(With("rollout:\n", "rollouts:\n"), 8, "rollouts: is not a known key; did you mean 'rollout'?");
}

TEST_F(ConfigTest, AKeyThatIsSetTwiceIsRefused) {
  ExpectError(With("steps: 10\n", "steps: 10\n  steps: 20\n"), 4, "run.steps: is set again, first in line 3; delete one of the two");
  ExpectErrorWith(std::string(kMinimal) + "run:\n  seed: 1\n", 15, "run: is set again, first in line 1");
}

TEST_F(ConfigTest, IllTypedValuesAreRefused) {
  ExpectError(With("steps: 10", "steps: ten"), 3, "run.steps: expected a whole number, found 'ten'; see `cohort config explain steps`");
  ExpectError(With("steps: 10", "steps: 1e3"), 3, "run.steps: expected a whole number, found '1e3'; write 1000");
  ExpectError(With("steps: 10", "steps: \"10\""), 3, "run.steps: expected a whole number, found \"10\"; write it without quotes");
  ExpectError(With("steps: 10", "steps: [10]"), 3, "run.steps: expected a whole number, found a list; see `cohort config explain steps`");
  ExpectError(With("steps: 10", "steps:"), 3, "run.steps: expected a whole number, found nothing; write a value, or delete the line");
  ExpectError(With("4e-4", "fast"), 14, "optimizer.learning_rate: expected a number, found 'fast'; see `cohort config explain learning_rate`");
  ExpectErrorWith(With("4e-4", ".nan"), 14, "expected a number, found '.nan'");
  ExpectErrorWith(With("4e-4", "nan"), 14, "expected a number, found 'nan'");
  ExpectErrorWith(With("4e-4", "inf"), 14, "expected a number, found 'inf'");
  ExpectErrorWith(With("data:\n", "data:\n  prompt_template: [a]\n"), 7, "expected text, found a list");
  ExpectErrorWith(With("run:\n", "run:\n  seed: -1\n"), 2, "expected a whole number, not negative, found '-1'");
  ExpectErrorWith(std::string(kMinimal) + "checkpoint:\n  keep_best: yes\n", 16, "checkpoint.keep_best: expected true or false, found 'yes'");
  ExpectErrorWith(std::string(kMinimal) + "evaluation:\n  self_check_words: wait\n", 16, "write [wait]");
}

TEST_F(ConfigTest, AnUnknownEnumValueNamesTheNearest) {
  ExpectError(With("group_size: 8\n", "group_size: 8\n  kl_estimator: K33\n"), 13,
              "algorithm.kl_estimator: expected one of K1, K2, K3, found 'K33'; did you mean K3?");
  ExpectErrorWith(With("rollout:\n", "rollout:\n  device: GPU\n"), 9, "expected one of AUTO, CPU, CUDA, found 'GPU'; choose one");
  ExpectErrorWith(With("group_size: 8\n", "group_size: 8\n  kl_estimator: UNSPECIFIED\n"), 13, "expected one of K1, K2, K3");
}

TEST_F(ConfigTest, ValuesOutOfRangeAreRefusedWithTheRange) {
  ExpectError(With("steps: 10", "steps: 0"), 3, "run.steps: is 0 steps; it must be at least 1");
  ExpectError(With("4e-4", "0"), 14, "optimizer.learning_rate: is 0; it must be above 0");
  ExpectErrorWith(With("group_size: 8\n", "group_size: 8\n  clip_low: 1.5\n"), 13, "is 1.5; it must be at least 0 and at most 1");
  ExpectErrorWith(With("group_size: 8\n", "group_size: 99999999999\n"), 12, "expected a whole number");
}

TEST_F(ConfigTest, RequiredFieldsThatAreMissingAreNamedWithTheirSection) {
  ExpectError(With("  train: train.jsonl\n", ""), 6, "data.train: is missing; add it (a path)");
  EXPECT_THAT(Load(With("optimizer:\n  learning_rate: 4e-4\n", "")),
              StatusIs(absl::StatusCode::kInvalidArgument, path_ + ": optimizer.learning_rate: is missing; add it (a number, above 0)"));
  ExpectError(With("models/base", "\"\""), 5, "model.path: is empty; give a path");
}

TEST_F(ConfigTest, AllErrorsAreReportedAtOnceInTheOrderOfTheFile) {
  EXPECT_THAT(
      Load(absl::StrReplaceAll(kMinimal, {{"steps: 10", "steps: -1"}, {"group_size: 8", "group_size: two"}, {"4e-4", "no"}})),
      StatusIs(absl::StatusCode::kInvalidArgument,
               ::testing::MatchesRegex(".*:3: run.steps: [^\n]*\n.*:12: algorithm.group_size: [^\n]*\n.*:14: optimizer.learning_rate: [^\n]*")));
}

TEST_F(ConfigTest, AFileThatIsNotYamlIsRefusedWithItsLine) {
  ExpectErrorWith(With("steps: 10", "steps: \"10"), 3, "found \"10 model: path: models/base data…\"; is the closing quote missing?");
  ExpectErrorWith(With("steps: 10", "steps: ]10"), 3, "is not YAML");
  ExpectErrorWith("run:\n  name: a\n seed: 3\n", 3, "is not YAML");
  ExpectErrorWith("- run\n", 1, "is not a configuration; it must consist of sections such as `run:`");
  ExpectErrorWith(std::string(kMinimal) + "---\nrun:\n", 16, "second YAML document");
  ExpectErrorWith(With("model:\n  path: models/base\n", "model: models/base\n"), 4,
                  "model: is a section; write its fields below it, indented: path: …");
}

TEST_F(ConfigTest, AnEmptyFileNamesEverythingThatIsMissing) {
  EXPECT_THAT(Load(""),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("run.name: is missing"), HasSubstr("learning_rate: is missing"))));
}

TEST_F(ConfigTest, AMissingFileIsNotFound) {
  EXPECT_THAT(LoadRunConfig(directory_ / "absent.yaml"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("absent.yaml")));
}

TEST_F(ConfigTest, OptionsWinOverTheFile) {
  ASSERT_OK_AND_ASSIGN(const auto config,
                       Load(kMinimal, {"run.steps=7", "run.steps=8", "run.name=5", "data.prompt_template=Q: {prompt}=", "algorithm.advantage=rloo",
                                       "evaluation.self_check_words=[a, b]", "run.directory=\"x\\ty\"", "checkpoint.keep_best=false"}));
  EXPECT_EQ(config.run().steps(), 8);
  EXPECT_EQ(config.run().name(), "5");
  EXPECT_EQ(config.data().prompt_template(), "Q: {prompt}=");
  EXPECT_EQ(config.algorithm().advantage(), v1::ADVANTAGE_RLOO);
  EXPECT_THAT(config.evaluation().self_check_words(), ElementsAre("a", "b"));
  EXPECT_EQ(config.run().directory(), "x\ty");
  EXPECT_FALSE(config.checkpoint().keep_best());
}

TEST_F(ConfigTest, WrongOptionsAreNamedInPlaceOfALine) {
  const auto refused = [&](const std::string& option, const std::string& message) {
    EXPECT_THAT(Load(kMinimal, {option}), StatusIs(absl::StatusCode::kInvalidArgument, message));
  };
  refused("algorithm.group_siz=4", "--set algorithm.group_siz=4: algorithm.group_siz: is not a known field; did you mean algorithm.group_size?");
  refused("group_size=4", "--set group_size=4: group_size: is not a known field; did you mean algorithm.group_size?");
  refused("run.steps", "--set run.steps: has no '='; write --set section.field=value");
  refused("run.steps=0", "--set run.steps=0: run.steps: is 0 steps; it must be at least 1");
  refused("run.steps=many", "--set run.steps=many: run.steps: expected a whole number, found 'many'; see `cohort config explain steps`");
  EXPECT_THAT(Load(kMinimal, {"run.steps=[1"}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--set run.steps=[1: is not YAML")));
  EXPECT_THAT(Load(kMinimal, {"run={}"}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is not a known field")));
}

TEST_F(ConfigTest, YamlOfAConfigLoadsBackToTheSame) {
  ASSERT_OK_AND_ASSIGN(auto config, Load(kMinimal, {"algorithm.kl_estimator=K1", "run.seed=18446744073709551615", "rollout.temperature=0.1"}));
  config.mutable_data()->set_prompt_template("\"{prompt}\" \\ # : \t\n ünï\x01 end ");
  config.mutable_evaluation()->add_self_check_words("a, b]");
  ASSERT_OK_AND_ASSIGN(const auto again, Load(ToYaml(config)));
  EXPECT_TRUE(MessageDifferencer::Equals(config, again)) << ToYaml(config);
  EXPECT_EQ(ToYaml(again), ToYaml(config));
}

TEST_F(ConfigTest, APretrainingFileIsReadByItsOwnSchema) {
  const std::string yaml = "model:\n  architecture: a\n  output: b\ndata:\n  path: c\ntraining:\n  steps: 100\noptimizer:\n  learning_rate: 4e-3\n";
  ASSERT_OK(io::WriteFileAtomically(path_, yaml));
  ASSERT_OK_AND_ASSIGN(const auto config, LoadPretrainConfig(path_, {"training.rows_per_step=16"}));
  EXPECT_EQ(config.training().rows_per_step(), 16);
  EXPECT_EQ(config.training().row_tokens(), 128);
  EXPECT_THAT(LoadPretrainConfig(path_, {"training.step=1"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("did you mean training.steps?")));
  EXPECT_THAT(LoadPretrainConfig(path_, {"optimizer.data_parallel=2"}),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("optimizer.data_parallel"), HasSubstr("one process"))));
  EXPECT_THAT(LoadPretrainConfig(path_, {"optimizer.warmup_steps=101"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("never reach its peak")));
}

}  // namespace
}  // namespace cohort::config
