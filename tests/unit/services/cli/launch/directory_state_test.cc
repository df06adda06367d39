#include "services/cli/launch/directory_state.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/config/config.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"

namespace cohort::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::AllOf;
using testing::IsOkAndHolds;
using testing::StatusIs;

class DirectoryStateTest : public ::testing::Test {
 protected:
  DirectoryStateTest() {
    config_.mutable_run()->set_name("small");
    config_.mutable_run()->set_steps(10);
    config_.mutable_algorithm()->set_group_size(8);
    EXPECT_OK(io::CreateDirectories(paths_.root()));
  }
  void WriteIdentity(const std::string& name, const std::string& fingerprint) {
    ASSERT_OK(io::WriteFileAtomically(paths_.identity(), absl::StrCat("{\"run\":\"", name, "\",\"fingerprint\":\"", fingerprint, "\"}")));
  }
  void WriteResult(int steps) {
    ASSERT_OK(io::CreateDirectories(paths_.model()));
    ASSERT_OK(io::WriteFileAtomically(paths_.summary(), absl::StrCat("{\"steps\":", steps, "}")));
  }

  testing::TempDir directory_;
  RunPaths paths_{directory_ / "run/"};
  config::v1::RunConfig config_;
};

TEST_F(DirectoryStateTest, AnEmptyDirectoryIsFresh) { EXPECT_THAT(InspectDirectory(paths_, config_), IsOkAndHolds(DirectoryState::kFresh)); }

TEST_F(DirectoryStateTest, ARunWithoutResultsIsUnfinished) {
  WriteIdentity("small", config::Fingerprint(config_));
  EXPECT_THAT(InspectDirectory(paths_, config_), IsOkAndHolds(DirectoryState::kUnfinished));
}

TEST_F(DirectoryStateTest, ARunWithResultsIsFinishedUntilMoreStepsAreAskedFor) {
  WriteIdentity("small", config::Fingerprint(config_));
  WriteResult(10);
  EXPECT_THAT(InspectDirectory(paths_, config_), IsOkAndHolds(DirectoryState::kFinished));
  config_.mutable_run()->set_steps(20);
  EXPECT_THAT(InspectDirectory(paths_, config_), IsOkAndHolds(DirectoryState::kUnfinished));
}

TEST_F(DirectoryStateTest, AnotherConfigIsRefusedWithTheFieldsThatDiffer) {
  WriteIdentity("small", config::Fingerprint(config_));
  ASSERT_OK(io::WriteFileAtomically(paths_.config(), config::ToYaml(config_)));
  config_.mutable_algorithm()->set_group_size(16);
  EXPECT_THAT(InspectDirectory(paths_, config_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("another config"), HasSubstr("algorithm.group_size: 8 there, 16 now"), HasSubstr("--fresh"))));
}

TEST_F(DirectoryStateTest, AnotherRunIsRefusedByName) {
  WriteIdentity("large", config::Fingerprint(config_));
  EXPECT_THAT(InspectDirectory(paths_, config_), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("'large'")));
}

TEST_F(DirectoryStateTest, AnEarlierRunIsMovedToTheNextFreeName) {
  ASSERT_OK(io::CreateDirectories(absl::StrCat(paths_.root(), ".1")));
  EXPECT_THAT(MoveAside(paths_), IsOkAndHolds(absl::StrCat(paths_.root(), ".2")));
  EXPECT_FALSE(std::filesystem::exists(paths_.root()));
}

TEST_F(DirectoryStateTest, OneLauncherAtATime) {
  ASSERT_OK_AND_ASSIGN(auto first, DirectoryLock::Acquire(paths_));
  EXPECT_THAT(DirectoryLock::Acquire(paths_), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(absl::StrCat("process ", getpid()))));
  first.reset();
  EXPECT_OK(DirectoryLock::Acquire(paths_));
}

TEST(DifferingFieldsTest, ComparesFieldsAndListsAndIgnoresComments) {
  EXPECT_THAT(DifferingFields("a:\n  x: 1\n  y: 2  \n# note\nb:\n  words:\n    - wait\n", "a:\n  x: 1\n  y: 3\nb:\n  words:\n    - hmm\n"),
              ElementsAre("a.y: 2 there, 3 now", "b.words:  - wait there,  - hmm now"));
}

}  // namespace
}  // namespace cohort::cli
