#include "common/model/manifest.h"

#include <filesystem>
#include <string>

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"

namespace cohort::model {
namespace {

using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ManifestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(io::CreateDirectories(directory_ / "optimizer"));
    ASSERT_OK(io::WriteFileAtomically(directory_ / "weights", std::string(100000, 'w')));
    ASSERT_OK(io::WriteFileAtomically(directory_ / "optimizer/state", "state"));
    ASSERT_OK(io::WriteFileAtomically(directory_ / "empty", ""));
    ASSERT_OK(WriteManifest(directory_.path()));
  }
  void ExpectRefused(const std::string& file, const std::string& what) {
    EXPECT_THAT(VerifyManifest(directory_.path()), StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr(directory_ / file), HasSubstr(what),
                                                                                                      HasSubstr("use another checkpoint"))));
  }
  void WriteManifestText(const std::string& text) { ASSERT_OK(io::WriteFileAtomically(directory_ / "manifest.json", text)); }
  TempDir directory_;
};

TEST_F(ManifestTest, AnUntouchedDirectoryVerifies) { EXPECT_OK(VerifyManifest(directory_.path())); }

TEST_F(ManifestTest, FilesThatItDoesNotListAreLetBe) {
  ASSERT_OK(io::WriteFileAtomically(directory_ / "notes.txt", "mine"));
  EXPECT_OK(VerifyManifest(directory_.path()));
}

TEST_F(ManifestTest, AFlippedBitIsFound) {
  std::string content(100000, 'w');
  content[70000] ^= 1;
  ASSERT_OK(io::WriteFileAtomically(directory_ / "weights", content));
  ExpectRefused("weights", "has the checksum");
}

TEST_F(ManifestTest, AFileOfAnotherSizeIsFound) {
  std::filesystem::resize_file(directory_ / "optimizer/state", 3);
  ExpectRefused("optimizer/state", "has 3 bytes where manifest.json says 5");
}

TEST_F(ManifestTest, AMissingFileIsFound) {
  std::filesystem::remove(directory_ / "empty");
  ExpectRefused("empty", "is listed in manifest.json but cannot be read");
}

TEST_F(ManifestTest, WrittenTwiceItIsTheSame) {
  ASSERT_OK_AND_ASSIGN(const std::string first, io::ReadFile(directory_ / "manifest.json"));
  ASSERT_OK(WriteManifest(directory_.path()));
  EXPECT_THAT(io::ReadFile(directory_ / "manifest.json"), cohort::testing::IsOkAndHolds(first));
}

TEST_F(ManifestTest, ADamagedManifestIsRefused) {
  WriteManifestText("{");
  EXPECT_THAT(VerifyManifest(directory_.path()), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("manifest.json")));
  WriteManifestText(R"({"format": 2, "files": {}})");
  EXPECT_THAT(VerifyManifest(directory_.path()), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("another version of Cohort")));
  WriteManifestText(R"({"format": 1, "files": {"weights": {"bytes": "many"}}})");
  ExpectRefused("manifest.json", "the entry of 'weights' is damaged");
  WriteManifestText(R"({"format": 1, "files": {"../weights": {"bytes": 1, "crc32c": "00000000"}}})");
  ExpectRefused("manifest.json", "the entry of '../weights' is damaged");
}

TEST_F(ManifestTest, WithoutManifestThereIsNothingToVerify) {
  std::filesystem::remove(directory_ / "manifest.json");
  EXPECT_THAT(VerifyManifest(directory_.path()), StatusIs(absl::StatusCode::kNotFound, HasSubstr("manifest.json")));
}

}  // namespace
}  // namespace cohort::model
