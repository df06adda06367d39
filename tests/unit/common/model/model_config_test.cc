#include "common/model/model_config.h"

#include <string>

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "tests/unit/common/model/tiny_model.h"

namespace cohort::model {
namespace {

using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ModelConfigTest : public ::testing::Test {
 protected:
  // The tiny config with one field replaced, null to leave it out.
  absl::StatusOr<ModelConfig> LoadWith(const std::string& field, const nlohmann::ordered_json& value) {
    auto config = TinyConfigJson(true);
    config[field] = value;
    EXPECT_OK(io::WriteFileAtomically(directory_ / "config.json", config.dump()));
    return LoadModelConfig(directory_.path());
  }
  void ExpectRefused(const std::string& field, const nlohmann::ordered_json& value, const std::string& part) {
    EXPECT_THAT(LoadWith(field, value),
                StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr(directory_ / "config.json: "), HasSubstr(field), HasSubstr(part))));
  }
  TempDir directory_;
};

TEST_F(ModelConfigTest, ReadsTheSizes) {
  ASSERT_OK_AND_ASSIGN(const auto config, LoadWith("rms_norm_eps", 1e-5));
  EXPECT_EQ(config.architecture, "Qwen2ForCausalLM");
  EXPECT_EQ(config.hidden_size, 8);
  EXPECT_EQ(config.intermediate_size, 12);
  EXPECT_EQ(config.num_layers, 2);
  EXPECT_EQ(config.num_heads, 4);
  EXPECT_EQ(config.num_kv_heads, 2);
  EXPECT_EQ(config.head_dim, 2);
  EXPECT_EQ(config.vocab_size, 11);
  EXPECT_EQ(config.max_positions, 64);
  EXPECT_EQ(config.rms_norm_eps, 1e-5);
  EXPECT_EQ(config.rope_theta, 1e4);
  EXPECT_TRUE(config.tie_word_embeddings);
  EXPECT_TRUE(config.qkv_bias);
  EXPECT_EQ(config.bos_token_id, 1);
  EXPECT_THAT(config.eos_token_ids, ElementsAre(2));
}

TEST_F(ModelConfigTest, AHeadDimOfItsOwnIsTaken) {
  ASSERT_OK_AND_ASSIGN(const auto config, LoadWith("head_dim", 6));
  EXPECT_EQ(config.head_dim, 6);
}

TEST_F(ModelConfigTest, WithoutKeyValueHeadsEveryHeadHasItsOwn) {
  ASSERT_OK_AND_ASSIGN(const auto config, LoadWith("num_key_value_heads", nullptr));
  EXPECT_EQ(config.num_kv_heads, 4);
}

TEST_F(ModelConfigTest, TheRotaryBaseMayStandInRopeParameters) {
  ASSERT_OK_AND_ASSIGN(const auto config, LoadWith("rope_parameters", {{"rope_type", "default"}, {"rope_theta", 1e6}}));
  EXPECT_EQ(config.rope_theta, 1e6);
}

TEST_F(ModelConfigTest, EndTokensOfTheGenerationConfigWin) {
  ASSERT_OK(io::WriteFileAtomically(directory_ / "generation_config.json", R"({"eos_token_id": [3, 2]})"));
  ASSERT_OK_AND_ASSIGN(const auto config, LoadWith("eos_token_id", 5));
  EXPECT_THAT(config.eos_token_ids, ElementsAre(3, 2));
}

TEST_F(ModelConfigTest, AModelMayHaveNoSpecialTokens) {
  auto json = TinyConfigJson(true);
  json["bos_token_id"] = nullptr;
  json.erase("eos_token_id");
  ASSERT_OK(io::WriteFileAtomically(directory_ / "config.json", json.dump()));
  ASSERT_OK_AND_ASSIGN(const auto config, LoadModelConfig(directory_.path()));
  EXPECT_EQ(config.bos_token_id, -1);
  EXPECT_THAT(config.eos_token_ids, IsEmpty());
}

TEST_F(ModelConfigTest, ArchitecturesThatAreNotSupportedAreNamedWithThoseThatAre) {
  ExpectRefused("architectures", {"MambaForCausalLM"}, "'MambaForCausalLM' is not supported; supported: Qwen2ForCausalLM");
  ExpectRefused("architectures", "Qwen2ForCausalLM", "expected a list with one name");
  ExpectRefused("architectures", nullptr, "expected a list with one name");
}

TEST_F(ModelConfigTest, MissingAndImpossibleSizesAreRefused) {
  ExpectRefused("hidden_size", nullptr, "is missing");
  ExpectRefused("hidden_size", 0, "is 0; expected an integer from 1 to");
  ExpectRefused("hidden_size", -8, "expected an integer");
  ExpectRefused("hidden_size", 8.5, "expected an integer");
  ExpectRefused("hidden_size", "8", "expected an integer");
  ExpectRefused("vocab_size", 1e18, "expected an integer");
  ExpectRefused("num_hidden_layers", 1 << 30, "expected an integer from 1 to 4096");
  ExpectRefused("rms_norm_eps", 0, "expected a number above 0");
  ExpectRefused("tie_word_embeddings", 1, "expected true or false");
  ExpectRefused("num_key_value_heads", 3, "does not divide num_attention_heads 4");
  ExpectRefused("num_attention_heads", 3, "does not divide hidden_size 8");
  ExpectRefused("head_dim", 3, "need an even one");
  ExpectRefused("eos_token_id", 11, "outside the vocabulary of 11");
  ExpectRefused("eos_token_id", {1, "2"}, "expected a token id or a list of token ids");
}

TEST_F(ModelConfigTest, WhatCohortDoesNotComputeIsRefused) {
  ExpectRefused("hidden_act", "gelu", "silu only");
  ExpectRefused("use_sliding_window", true, "set it to false");
  ExpectRefused("layer_types", {"full_attention", "sliding_attention"}, "\"sliding_attention\"");
  ExpectRefused("attention_bias", true, "without a bias");
  ExpectRefused("mlp_bias", true, "without a bias");
  ExpectRefused("rope_scaling", {{"type", "dynamic"}, {"factor", 4.0}}, "'dynamic' scaling");
  ExpectRefused("rope_parameters", {{"rope_type", "default"}, {"partial_rotary_factor", 0.5}}, "turns whole heads");
}

TEST_F(ModelConfigTest, ImpossibleScalingsAreRefused) {
  ExpectRefused("rope_scaling", {{"rope_type", "llama3"}, {"factor", 8.0}}, "low_freq_factor: is missing");
  ExpectRefused("rope_scaling", {{"rope_type", "llama3"}, {"factor", 8.0}, {"low_freq_factor", 4.0}, {"high_freq_factor", 1.0}},
                "not above low_freq_factor");
  ExpectRefused("rope_scaling", {{"rope_type", "yarn"}, {"factor", -4.0}}, "factor: is -4.0");
  ExpectRefused("rope_theta", 1.0, "above 1");
}

TEST_F(ModelConfigTest, ReadsTheScalingOfLlama3) {
  ASSERT_OK_AND_ASSIGN(const auto config, LoadWith("rope_scaling", {{"rope_type", "llama3"},
                                                                    {"factor", 8.0},
                                                                    {"low_freq_factor", 1.0},
                                                                    {"high_freq_factor", 4.0},
                                                                    {"original_max_position_embeddings", 32}}));
  EXPECT_EQ(config.rotary_scaling.kind, RotaryScaling::Kind::kLlama3);
  EXPECT_EQ(config.rotary_scaling.factor, 8);
  EXPECT_EQ(config.rotary_scaling.original_positions, 32);
}

TEST_F(ModelConfigTest, ReadsYarnInTheOldSpelling) {
  ASSERT_OK_AND_ASSIGN(const auto config, LoadWith("rope_scaling", {{"type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 16}}));
  EXPECT_EQ(config.rotary_scaling.kind, RotaryScaling::Kind::kYarn);
  EXPECT_EQ(config.rotary_scaling.original_positions, 16);
  EXPECT_NEAR(config.rotary_scaling.attention_factor, 1.13863, 1e-5);
}

TEST_F(ModelConfigTest, EachArchitectureHasItsBiasesAndNorms) {
  ASSERT_OK_AND_ASSIGN(const auto llama, LoadWith("architectures", {"LlamaForCausalLM"}));
  EXPECT_FALSE(llama.qkv_bias);
  EXPECT_FALSE(llama.qk_norm);
  ASSERT_OK_AND_ASSIGN(const auto qwen3, LoadWith("architectures", {"Qwen3ForCausalLM"}));
  EXPECT_FALSE(qwen3.qkv_bias);
  EXPECT_TRUE(qwen3.qk_norm);
  EXPECT_EQ(qwen3.head_dim, 128);
}

TEST_F(ModelConfigTest, AFileThatIsNotJsonIsRefusedWithTheByte) {
  ASSERT_OK(io::WriteFileAtomically(directory_ / "config.json", R"({"hidden_size": 8,)"));
  EXPECT_THAT(LoadModelConfig(directory_.path()),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("config.json"), HasSubstr("at byte 19"))));
}

TEST_F(ModelConfigTest, AMissingDirectoryOrFileIsNotFound) {
  EXPECT_THAT(LoadModelConfig(directory_ / "absent"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("absent: there is no such directory")));
  EXPECT_THAT(LoadModelConfig(directory_.path()), StatusIs(absl::StatusCode::kNotFound, HasSubstr("config.json")));
}

}  // namespace
}  // namespace cohort::model
