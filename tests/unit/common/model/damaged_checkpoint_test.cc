#include <filesystem>
#include <functional>
#include <string>

#include "common/io/files.h"
#include "common/model/checkpoint.h"
#include "common/model/manifest.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "tests/unit/common/model/raw_safetensors.h"
#include "tests/unit/common/model/tiny_model.h"

namespace cohort::model {
namespace {

using ::cohort::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A whole checkpoint is damaged; loading it must name the file, the tensor and the remedy.
class DamagedCheckpointTest : public ::testing::Test {
 protected:
  void ChangeTensors(const std::function<void(RawTensors&)>& change) {
    RawTensors tensors = ReadRaw(checkpoint_.Weights());
    change(tensors);
    WriteRaw(checkpoint_.Weights(), tensors);
  }
  void ExpectRefused(const std::string& file, const std::string& what, const std::string& remedy) {
    EXPECT_THAT(LoadCheckpoint(checkpoint_.path()),
                StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr(checkpoint_.File(file)), HasSubstr(what), HasSubstr(remedy))));
  }
  TinyCheckpoint checkpoint_;
};

TEST_F(DamagedCheckpointTest, AMissingTensor) {
  ChangeTensors([](RawTensors& tensors) { tensors.erase("model.layers.1.mlp.up_proj.weight"); });
  ExpectRefused("model.safetensors", "tensor 'model.layers.1.mlp.up_proj.weight' is missing", "fetch the checkpoint again");
}

TEST_F(DamagedCheckpointTest, SeveralMissingTensorsAreCounted) {
  ChangeTensors([](RawTensors& tensors) { tensors.erase("model.norm.weight"), tensors.erase("model.layers.0.input_layernorm.weight"); });
  ExpectRefused("model.safetensors", "tensor 'model.layers.0.input_layernorm.weight' (and 1 more) is missing", "fetch the checkpoint again");
}

TEST_F(DamagedCheckpointTest, AnExtraTensor) {
  ChangeTensors([](RawTensors& tensors) { tensors["model.layers.2.input_layernorm.weight"] = tensors["model.norm.weight"]; });
  ExpectRefused("model.safetensors", "tensor 'model.layers.2.input_layernorm.weight' has no place", "from the same model");
}

TEST_F(DamagedCheckpointTest, ATruncatedFile) {
  const auto size = std::filesystem::file_size(checkpoint_.Weights());
  for (const auto kept : {size - 1, size / 2, size_t{100}, size_t{4}, size_t{0}}) {
    std::filesystem::resize_file(checkpoint_.Weights(), kept);
    ExpectRefused("model.safetensors", "is truncated", "fetch or copy the file again");
  }
}

TEST_F(DamagedCheckpointTest, AWrongShape) {
  ChangeTensors([](RawTensors& tensors) { tensors["model.layers.0.mlp.down_proj.weight"].shape = {12, 8}; });
  ExpectRefused("model.safetensors", "tensor 'model.layers.0.mlp.down_proj.weight' has the shape [12, 8] where config.json asks for [8, 12]",
                "from the same model");
}

TEST_F(DamagedCheckpointTest, AWrongDtype) {
  ChangeTensors([](RawTensors& tensors) { tensors["model.norm.weight"] = {"I32", {8}, std::string(32, '\0')}; });
  ExpectRefused("model.safetensors", "tensor 'model.norm.weight' has the dtype I32", "convert the checkpoint to F32, BF16 or F16");
}

TEST_F(DamagedCheckpointTest, ATiedHeadThatDiffersFromTheEmbedding) {
  ChangeTensors([](RawTensors& tensors) { (tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]).bytes[0] ^= 1; });
  ExpectRefused("model.safetensors", "tensor 'lm_head.weight' differs from 'model.embed_tokens.weight'", "set it to false to keep both");
}

TEST_F(DamagedCheckpointTest, AnUntiedModelWithoutHead) {
  checkpoint_.SetConfig("tie_word_embeddings", false);
  ExpectRefused("model.safetensors", "tensor 'lm_head.weight' is missing", "fetch the checkpoint again");
}

TEST_F(DamagedCheckpointTest, AConfigOfAnotherSize) {
  checkpoint_.SetConfig("num_hidden_layers", 1);
  ExpectRefused("model.safetensors", "tensor 'model.layers.1.input_layernorm.weight' (and 11 more) has no place", "from the same model");
}

TEST_F(DamagedCheckpointTest, NoWeightsAtAll) {
  std::filesystem::remove(checkpoint_.Weights());
  const auto refused = [&](const std::string& remedy) {
    return StatusIs(
        absl::StatusCode::kNotFound,
        AllOf(HasSubstr(checkpoint_.path() + ": there is neither model.safetensors nor model.safetensors.index.json"), HasSubstr(remedy)));
  };
  EXPECT_THAT(LoadCheckpoint(checkpoint_.path()), refused("cohort pretrain"));
  ASSERT_OK(io::WriteFileAtomically(checkpoint_.File("pytorch_model.bin"), "PK"));
  EXPECT_THAT(LoadCheckpoint(checkpoint_.path()), refused("convert pytorch_model.bin"));
}

TEST_F(DamagedCheckpointTest, AWrongChecksum) {
  ASSERT_OK(WriteManifest(checkpoint_.path()));
  ASSERT_OK(LoadCheckpoint(checkpoint_.path()));
  ASSERT_OK_AND_ASSIGN(std::string weights, io::ReadFile(checkpoint_.Weights()));
  weights[weights.size() - 3] ^= 4;
  ASSERT_OK(io::WriteFileAtomically(checkpoint_.Weights(), weights));
  ExpectRefused("model.safetensors", "has the checksum", "use another checkpoint");
}

class DamagedIndexTest : public DamagedCheckpointTest {
 protected:
  // Renames the weights to "a.safetensors", with an index that `change` damages.
  void UseIndex(const std::function<void(nlohmann::json&)>& change) {
    nlohmann::json index;
    for (const auto& [name, tensor] : ReadRaw(checkpoint_.Weights())) index["weight_map"][name] = "a.safetensors";
    change(index);
    ASSERT_OK(io::WriteFileAtomically(checkpoint_.File("model.safetensors.index.json"), index.dump()));
    std::filesystem::rename(checkpoint_.Weights(), checkpoint_.File("a.safetensors"));
  }
};

TEST_F(DamagedIndexTest, AMissingShard) {
  UseIndex([](nlohmann::json& index) { index["weight_map"]["model.norm.weight"] = "b.safetensors"; });
  ExpectRefused("b.safetensors", "is missing although", "fetch the file");
}

TEST_F(DamagedIndexTest, ATensorThatTheShardLacks) {
  UseIndex([](nlohmann::json& index) { index["weight_map"]["model.other"] = "a.safetensors"; });
  ExpectRefused("a.safetensors", "tensor 'model.other' is missing although", "fetch the checkpoint again");
}

TEST_F(DamagedIndexTest, ATensorThatTheIndexLacks) {
  UseIndex([](nlohmann::json& index) { index["weight_map"].erase("model.norm.weight"); });
  ExpectRefused("a.safetensors", "tensor 'model.norm.weight' is not listed", "fetch the checkpoint again");
}

TEST_F(DamagedIndexTest, AnIndexThatLeadsOutOfTheDirectory) {
  UseIndex([](nlohmann::json& index) { index["weight_map"]["model.norm.weight"] = "../a.safetensors"; });
  ExpectRefused("model.safetensors.index.json", "is not mapped to a .safetensors file beside the index", "fetch the file again");
}

TEST_F(DamagedIndexTest, AnIndexWithoutMap) {
  UseIndex([](nlohmann::json& index) { index = {{"metadata", 1}}; });
  ExpectRefused("model.safetensors.index.json", "weight_map is missing", "fetch the file again");
}

}  // namespace
}  // namespace cohort::model
