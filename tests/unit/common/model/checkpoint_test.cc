#include "common/model/checkpoint.h"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <set>
#include <string>

#include "common/io/files.h"
#include "common/model/manifest.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "tests/unit/common/model/raw_safetensors.h"
#include "tests/unit/common/model/tiny_model.h"

namespace cohort::model {
namespace {

using ::cohort::testing::IsOkAndHolds;
using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::Not;

class CheckpointTest : public ::testing::TestWithParam<bool> {};

TEST_P(CheckpointTest, LoadsBackToTheSameWeights) {
  const TinyCheckpoint saved(GetParam());
  ASSERT_OK_AND_ASSIGN(const auto loaded, LoadCheckpoint(saved.path()));
  EXPECT_THAT(loaded.weights->floats(), ElementsAreArray(saved.model().weights->floats()));
}

TEST_P(CheckpointTest, SavedAgainIsTheSameToTheByte) {
  const TinyCheckpoint first(GetParam());
  ASSERT_OK_AND_ASSIGN(const auto loaded, LoadCheckpoint(first.path()));
  TempDir second;
  ASSERT_OK(SaveCheckpoint(second.path(), first.path(), loaded.config, loaded.layout, *loaded.weights));
  for (const char* name : {"model.safetensors", "config.json", "tokenizer.json"}) {
    ASSERT_OK_AND_ASSIGN(const std::string content, io::ReadFile(first.File(name)));
    EXPECT_THAT(io::ReadFile(second / name), IsOkAndHolds(content)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, CheckpointTest, ::testing::Bool(), [](const auto& info) { return info.param ? "Tied" : "Untied"; });

TEST(CheckpointFilesTest, NamesAndShapesAreThoseOfHuggingFace) {
  const TinyCheckpoint saved;
  const RawTensors tensors = ReadRaw(saved.Weights());
  EXPECT_EQ(tensors.size(), 2 * 12 + 2);
  EXPECT_FALSE(tensors.contains("lm_head.weight"));
  const RawTensor& key = tensors.at("model.layers.1.self_attn.k_proj.weight");
  EXPECT_EQ(key.shape, (std::vector<int64_t>{4, 8}));
  const auto& layout = saved.model().layout;
  const int64_t offset = layout.slot(layout.layer(1).qkv_weight).offset + 8 * 8;  // Eight query rows stand before the keys.
  const auto rows = saved.model().weights->floats().subspan(offset, 32);
  EXPECT_EQ(key.bytes, std::string(reinterpret_cast<const char*>(rows.data()), rows.size() * 4));
}

TEST(CheckpointFilesTest, NarrowWeightsAreWidened) {
  TinyCheckpoint saved;
  RawTensors tensors = ReadRaw(saved.Weights());
  tensors["model.norm.weight"] = {"BF16", {8}, BytesOf(std::vector<uint16_t>(8, 0x3FC0))};
  tensors["model.layers.0.input_layernorm.weight"] = {"F16", {8}, BytesOf(std::vector<uint16_t>(8, 0x3800))};
  WriteRaw(saved.Weights(), tensors);
  ASSERT_OK_AND_ASSIGN(const auto loaded, LoadCheckpoint(saved.path()));
  EXPECT_EQ(loaded.weights->floats()[loaded.layout.slot(loaded.layout.final_norm()).offset + 7], 1.5f);
  EXPECT_EQ(loaded.weights->floats()[loaded.layout.slot(loaded.layout.layer(0).input_norm).offset], 0.5f);
}

TEST(CheckpointFilesTest, WeightsAreNarrowedToTheTypeThatIsAskedFor) {
  TinyCheckpoint saved;
  RawTensors tensors = ReadRaw(saved.Weights());
  tensors["model.norm.weight"] = {"F16", {8}, BytesOf(std::vector<uint16_t>(8, 0x3801))};  // 0.5 and one unit in the last place of fp16.
  WriteRaw(saved.Weights(), tensors);
  ASSERT_OK_AND_ASSIGN(const auto wide, LoadCheckpoint(saved.path()));
  ASSERT_OK_AND_ASSIGN(const auto narrow, LoadCheckpoint(saved.path(), DType::kBfloat16));
  Arena expected(wide.layout.size(), DType::kBfloat16);
  Convert(*wide.weights, expected);
  EXPECT_THAT(narrow.weights->bfloats(), ElementsAreArray(expected.bfloats()));
}

TEST(CheckpointFilesTest, ABfloatModelIsSavedAsOneAndLoadsBack) {
  TinyCheckpoint saved;
  saved.SetConfig("torch_dtype", "float32");
  ASSERT_OK_AND_ASSIGN(const auto narrow, LoadCheckpoint(saved.path(), DType::kBfloat16));
  TempDir target;
  ASSERT_OK(SaveCheckpoint(target.path(), saved.path(), narrow.config, narrow.layout, *narrow.weights));
  EXPECT_EQ(ReadRaw(target / "model.safetensors").at("model.norm.weight").dtype, "BF16");
  ASSERT_OK_AND_ASSIGN(const std::string config, io::ReadFile(target / "config.json"));
  EXPECT_THAT(config, HasSubstr(R"("torch_dtype": "bfloat16")"));
  ASSERT_OK_AND_ASSIGN(const auto loaded, LoadCheckpoint(target.path(), DType::kBfloat16));
  EXPECT_THAT(loaded.weights->bfloats(), ElementsAreArray(narrow.weights->bfloats()));
}

TEST(CheckpointFilesTest, LargeModelsAreSavedInShardsThatLoadBack) {
  const TinyCheckpoint saved;
  const auto& model = saved.model();
  TempDir target;
  ASSERT_OK(SaveCheckpoint(target.path(), saved.path(), model.config, model.layout, *model.weights, /*largest_shard=*/1000));
  EXPECT_FALSE(std::filesystem::exists(target / "model.safetensors"));
  ASSERT_OK_AND_ASSIGN(const std::string text, io::ReadFile(target / "model.safetensors.index.json"));
  const auto index = nlohmann::json::parse(text);
  EXPECT_EQ(index["weight_map"].size(), 2 * 12 + 2);
  int64_t bytes = 0;
  std::set<std::string> files;
  for (const auto& [name, file] : index["weight_map"].items()) files.insert(file.get<std::string>());
  EXPECT_GT(files.size(), 2);
  for (const std::string& file : files) {
    int64_t in_file = 0;
    for (const auto& [name, tensor] : ReadRaw(target / file)) in_file += static_cast<int64_t>(tensor.bytes.size());
    EXPECT_LE(in_file, 1000) << file;
    bytes += in_file;
  }
  EXPECT_EQ(index["metadata"]["total_size"], bytes);
  ASSERT_OK_AND_ASSIGN(const auto loaded, LoadCheckpoint(target.path()));
  EXPECT_THAT(loaded.weights->floats(), ElementsAreArray(model.weights->floats()));
}

TEST(CheckpointFilesTest, ConfigSaysFloat32AfterSavingANarrowModel) {
  TinyCheckpoint narrow;
  narrow.SetConfig("torch_dtype", "bfloat16");
  narrow.SetConfig("note", "kept");
  TempDir target;
  const auto& model = narrow.model();
  ASSERT_OK(SaveCheckpoint(target.path(), narrow.path(), model.config, model.layout, *model.weights));
  ASSERT_OK_AND_ASSIGN(const std::string config, io::ReadFile(target / "config.json"));
  EXPECT_THAT(config, HasSubstr(R"("torch_dtype": "float32")"));
  EXPECT_THAT(config, HasSubstr(R"("note": "kept")"));
}

TEST(CheckpointFilesTest, ShardsAreReadThroughTheirIndex) {
  const TinyCheckpoint saved;
  nlohmann::json index;
  RawTensors shards[2];
  int number = 0;
  for (const auto& [name, tensor] : ReadRaw(saved.Weights())) {
    shards[number % 2][name] = tensor;
    index["weight_map"][name] = number % 2 == 0 ? "a.safetensors" : "b.safetensors";
    ++number;
  }
  WriteRaw(saved.File("a.safetensors"), shards[0]);
  WriteRaw(saved.File("b.safetensors"), shards[1]);
  ASSERT_OK(io::WriteFileAtomically(saved.File("model.safetensors.index.json"), index.dump()));
  std::filesystem::remove(saved.Weights());
  ASSERT_OK_AND_ASSIGN(const auto loaded, LoadCheckpoint(saved.path()));
  EXPECT_THAT(loaded.weights->floats(), ElementsAreArray(saved.model().weights->floats()));
}

TEST(CheckpointFilesTest, AHeadEqualToTheTiedEmbeddingIsAccepted) {
  const TinyCheckpoint saved;
  RawTensors tensors = ReadRaw(saved.Weights());
  tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"];
  WriteRaw(saved.Weights(), tensors);
  EXPECT_OK(LoadCheckpoint(saved.path()));
}

TEST(CheckpointFilesTest, RotaryFrequenciesOfOldCheckpointsAreIgnored) {
  const TinyCheckpoint saved;
  RawTensors tensors = ReadRaw(saved.Weights());
  tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = {"F32", {1}, std::string(4, '\0')};
  WriteRaw(saved.Weights(), tensors);
  EXPECT_OK(LoadCheckpoint(saved.path()));
}

TEST(CheckpointFilesTest, ADescriptionOfAnotherModelIsNotSavedBesideTheWeights) {
  TinyCheckpoint other;
  other.SetConfig("intermediate_size", 14);
  const TinyCheckpoint saved;
  TempDir target;
  EXPECT_THAT(SaveCheckpoint(target.path(), other.path(), saved.model().config, saved.model().layout, *saved.model().weights),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(other.File("config.json"))));
}

TEST(CheckpointFilesTest, AFullDiskIsReportedByName) {
  const TinyCheckpoint saved;
  TempDir target;
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit limited{1500, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &limited);
  const auto status = SaveCheckpoint(target.path(), saved.path(), saved.model().config, saved.model().layout, *saved.model().weights);
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr(target / "model.safetensors")));
}

}  // namespace
}  // namespace cohort::model
