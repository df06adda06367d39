#include "common/model/safetensors.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "common/io/files.h"
#include "common/random/philox.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "tests/unit/common/model/raw_safetensors.h"

namespace cohort::model {
namespace {

using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SafetensorsTest : public ::testing::Test {
 protected:
  void ExpectRefused(const std::string& part) {
    EXPECT_THAT(SafetensorsFile::Open(path_),
                StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr(path_), HasSubstr(part), HasSubstr("; "))));
  }
  // Values of the only tensor "x", written as `dtype` with these bytes.
  std::vector<float> Widened(const std::string& dtype, int64_t count, const std::string& bytes) {
    WriteRaw(path_, {{"x", {dtype, {count}, bytes}}});
    auto file = SafetensorsFile::Open(path_);
    EXPECT_OK(file);
    std::vector<float> values(count);
    EXPECT_OK(CopyAsFloat(file->tensors().at("x"), absl::MakeSpan(values)));
    return values;
  }
  TempDir directory_;
  const std::string path_ = directory_ / "x.safetensors";
};

TEST_F(SafetensorsTest, WhatIsWrittenIsReadBack) {
  const std::vector<float> a = {1, -2, 3.5f, 4, 5, 6}, b = {0.25f};
  ASSERT_OK(WriteSafetensors(path_, {{"b", {1}, b}, {"a", {2, 3}, a}}));
  ASSERT_OK_AND_ASSIGN(const auto file, SafetensorsFile::Open(path_));
  ASSERT_EQ(file.tensors().size(), 2);
  EXPECT_THAT(file.tensors().at("a").shape, ElementsAre(2, 3));
  std::vector<float> values(6);
  ASSERT_OK(CopyAsFloat(file.tensors().at("a"), absl::MakeSpan(values)));
  EXPECT_EQ(values, a);
}

TEST_F(SafetensorsTest, WhatIsWrittenInManyPiecesIsReadBackWhole) {
  std::vector<float> large((size_t{9} << 20) + 1);  // 36 MiB, between two small ones.
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<float>(i);
  const std::vector<float> small = {1, 2};
  ASSERT_OK(WriteSafetensors(path_, {{"a", {2}, small}, {"b", {static_cast<int64_t>(large.size())}, large}, {"c", {2}, small}}));
  ASSERT_OK_AND_ASSIGN(const auto file, SafetensorsFile::Open(path_));
  for (const auto& [name, expected] : std::map<std::string, const std::vector<float>*>{{"a", &small}, {"b", &large}, {"c", &small}}) {
    std::vector<float> values(expected->size());
    ASSERT_OK(CopyAsFloat(file.tensors().at(name), absl::MakeSpan(values)));
    EXPECT_TRUE(values == *expected) << name;
  }
}

TEST_F(SafetensorsTest, TheDataBeginsAtAMultipleOfEight) {
  for (const char* name : {"a", "ab", "abc", "abcdefgh"}) {
    const std::vector<float> one = {1};
    ASSERT_OK(WriteSafetensors(path_, {{name, {1}, one}}));
    ASSERT_OK_AND_ASSIGN(const std::string content, io::ReadFile(path_));
    EXPECT_EQ((content.size() - 4) % 8, 0) << name;
    EXPECT_THAT(content, HasSubstr(R"("__metadata__":{"format":"pt"})"));
  }
}

TEST_F(SafetensorsTest, Fp16IsWidenedExactly) {
  const std::vector<uint16_t> halves = {0x3C00, 0xC000, 0x7BFF, 0x0001, 0x83FF, 0x0400, 0x8000, 0x3555, 0x7C00, 0xFC00, 0x7E00};
  const auto values = Widened("F16", halves.size(), BytesOf(halves));
  EXPECT_THAT(std::vector<float>(values.begin(), values.begin() + 10),
              ElementsAre(1.0f, -2.0f, 65504.0f, 0x1p-24f, -1023 * 0x1p-24f, 0x1p-14f, 0.0f, 0x1.554p-2f, std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()));
  EXPECT_TRUE(std::signbit(values[6]));
  EXPECT_TRUE(std::isnan(values[10]));
}

TEST_F(SafetensorsTest, Bf16IsWidenedExactly) {
  EXPECT_THAT(Widened("BF16", 4, BytesOf<uint16_t>({0x3F80, 0xC040, 0x0001, 0x7F80})),
              ElementsAre(1.0f, -3.0f, 0x1p-133f, std::numeric_limits<float>::infinity()));
}

TEST_F(SafetensorsTest, OtherDtypesAreNotWidened) {
  WriteRaw(path_, {{"x", {"I64", {1}, std::string(8, '\0')}}});
  ASSERT_OK_AND_ASSIGN(const auto file, SafetensorsFile::Open(path_));
  float value;
  EXPECT_THAT(CopyAsFloat(file.tensors().at("x"), absl::MakeSpan(&value, 1)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("dtype I64; convert")));
}

TEST_F(SafetensorsTest, ATruncatedFileIsRefusedWhereverItEnds) {
  const std::vector<float> values(100, 1.0f);
  ASSERT_OK(WriteSafetensors(path_, {{"a", {50}, absl::MakeConstSpan(values).first(50)}, {"b", {50}, absl::MakeConstSpan(values).last(50)}}));
  ASSERT_OK_AND_ASSIGN(const std::string content, io::ReadFile(path_));
  for (size_t size = 0; size < content.size(); size += 7) {
    ASSERT_OK(io::WriteFileAtomically(path_, content.substr(0, size)));
    ExpectRefused("is truncated");
  }
}

TEST_F(SafetensorsTest, BytesThatBelongToNoTensorAreRefused) {
  const std::vector<float> one = {1};
  ASSERT_OK(WriteSafetensors(path_, {{"a", {1}, one}}));
  ASSERT_OK_AND_ASSIGN(const std::string content, io::ReadFile(path_));
  ASSERT_OK(io::WriteFileAtomically(path_, content + "more"));
  ExpectRefused("has 4 bytes that belong to no tensor");
}

TEST_F(SafetensorsTest, AnotherFormatIsRefused) {
  ASSERT_OK(io::WriteFileAtomically(path_, "PK\x03\x04 a pickled checkpoint of PyTorch"));
  ExpectRefused("is not a safetensors file");
}

TEST_F(SafetensorsTest, ADamagedHeaderIsRefused) {
  WriteRawFile(path_, "{\"x\": ", "");
  ExpectRefused("damaged header");
  WriteRawFile(path_, R"([1])", "");
  ExpectRefused("damaged header");
  for (const char* entry : {R"(3)", R"({"dtype":"F32","shape":[1]})", R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})",
                            R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})", R"({"dtype":"F32","shape":[1],"data_offsets":[0]})",
                            R"({"dtype":1,"shape":[1],"data_offsets":[0,4]})", R"({"dtype":"F32","shape":"1","data_offsets":[0,4]})"}) {
    WriteRawFile(path_, absl::StrCat(R"({"x":)", entry, "}"), "1234");
    ExpectRefused("tensor 'x' has a damaged header entry");
  }
}

TEST_F(SafetensorsTest, ShapesThatContradictTheBytesAreRefused) {
  WriteRawFile(path_, R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "1234");
  ExpectRefused("tensor 'x' of shape [2] and dtype F32 has 4 bytes");
  WriteRawFile(path_, R"({"x":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,4]}})", "1234");
  ExpectRefused("tensor 'x' of shape");
}

TEST_F(SafetensorsTest, TensorsThatOverlapAreRefused) {
  WriteRawFile(path_, R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})", "123456");
  ExpectRefused("tensor 'y' begins at byte 2 of the data where 4 is expected");
}

TEST_F(SafetensorsTest, AnUnknownDtypeIsRefused) {
  WriteRawFile(path_, R"({"x":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}})", "1234");
  ExpectRefused("tensor 'x' has the unknown dtype Q4; convert");
}

TEST_F(SafetensorsTest, ATensorCannotBeWrittenTwiceOrInTheWrongSize) {
  const std::vector<float> one = {1};
  EXPECT_THAT(WriteSafetensors(path_, {{"a", {1}, one}, {"a", {1}, one}}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'a'")));
  EXPECT_THAT(WriteSafetensors(path_, {{"a", {2}, one}}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'a' of shape [2]")));
}

TEST_F(SafetensorsTest, AFileThatCannotBeWrittenIsNamed) {
  EXPECT_THAT(WriteSafetensors(directory_ / "absent/x.safetensors", {}), StatusIs(absl::StatusCode::kNotFound, HasSubstr("absent/x.safetensors")));
}

TEST_F(SafetensorsTest, NoDamageMakesTheReaderStumble) {
  const std::vector<float> values(6, 1.0f);
  ASSERT_OK(WriteSafetensors(path_, {{"a", {2, 3}, values}, {"b", {6}, values}}));
  ASSERT_OK_AND_ASSIGN(const std::string whole, io::ReadFile(path_));
  random::Stream random(1, 0);
  int refused = 0;
  for (int i = 0; i < 1000; ++i) {
    std::string damaged = whole;
    for (uint32_t flips = 1 + random.NextBelow(3); flips > 0; --flips)
      damaged[random.NextBelow(damaged.size())] = static_cast<char>(random.NextBits());
    if (random.NextBelow(4) == 0) damaged.resize(random.NextBelow(damaged.size()));
    std::ofstream(path_, std::ios::binary) << damaged;
    const auto file = SafetensorsFile::Open(path_);
    refused += !file.ok();
    if (!file.ok()) continue;
    for (const auto& [name, tensor] : file->tensors()) {  // Every byte that a view promises can be read.
      std::vector<float> copy(tensor.bytes.size() / 4);
      CopyAsFloat(tensor, absl::MakeSpan(copy)).IgnoreError();
    }
  }
  EXPECT_GT(refused, 300);
}

TEST_F(SafetensorsTest, AMissingFileIsNotFound) {
  EXPECT_THAT(SafetensorsFile::Open(path_), StatusIs(absl::StatusCode::kNotFound, HasSubstr(path_)));
}

}  // namespace
}  // namespace cohort::model
