#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "common/io/crc32c.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::io {
namespace {

using ::cohort::testing::IsOkAndHolds;
using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::HasSubstr;

int EntriesOf(const std::string& directory) {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory)) ++count;
  return count;
}

// Makes writes beyond `bytes` fail in this process, as on a full disk, until destroyed.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limited{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST(Crc32cTest, AgreesWithTheVectorsOfRfc3720) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  EXPECT_EQ(Crc32c(std::string("123456789")), 0xE3069283u);
}

TEST(Crc32cTest, OfTwoPiecesContinuesTheFirst) {
  const std::string text = "the same bytes in two pieces";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    const uint32_t head = Crc32c(text.substr(0, cut));
    EXPECT_EQ(Crc32c(text.substr(cut), head), Crc32c(text)) << "cut at " << cut;
  }
}

TEST(FilesTest, AtomicWriteReplacesTheContentAndLeavesNothingBeside) {
  TempDir directory;
  ASSERT_OK(WriteFileAtomically(directory / "state", "old"));
  ASSERT_OK(WriteFileAtomically(directory / "state", "new"));
  EXPECT_THAT(ReadFile(directory / "state"), IsOkAndHolds("new"));
  EXPECT_EQ(EntriesOf(directory.path()), 1);
}

TEST(FilesTest, AFullDiskLeavesTheOldContentAndNamesTheFile) {
  TempDir directory;
  ASSERT_OK(WriteFileAtomically(directory / "state", "old"));
  absl::Status status;
  {
    FileSizeLimit limit(1000);
    status = WriteFileAtomically(directory / "state", std::string(5000, 'x'));
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr(directory / "state")));
  EXPECT_THAT(ReadFile(directory / "state"), IsOkAndHolds("old"));
  EXPECT_EQ(EntriesOf(directory.path()), 1);
}

TEST(FilesTest, AMissingFileIsNotFoundByName) {
  TempDir directory;
  EXPECT_THAT(ReadFile(directory / "absent"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("absent")));
}

TEST(FilesTest, ARenamedDirectoryAppearsWhole) {
  TempDir directory;
  ASSERT_OK(CreateDirectories(directory / "a.partial/sub"));
  ASSERT_OK(WriteFileDurably(directory / "a.partial/sub/f", "content"));
  ASSERT_OK(RenameDurably(directory / "a.partial", directory / "a"));
  EXPECT_THAT(ReadFile(directory / "a/sub/f"), IsOkAndHolds("content"));
  EXPECT_FALSE(std::filesystem::exists(directory / "a.partial"));
}

}  // namespace
}  // namespace cohort::io
