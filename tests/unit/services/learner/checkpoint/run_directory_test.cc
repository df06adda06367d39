#include "services/learner/checkpoint/run_directory.h"

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::IsOk;
using ::cohort::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class RunDirectoryTest : public ::testing::Test {
 protected:
  // A learner was here and has gone.
  void Begin() {
    ASSERT_OK_AND_ASSIGN(const auto directory, RunDirectory::Open(path_, identity_, false));
    ASSERT_OK(directory->SetIncarnation(4));
  }

  testing::TempDir temp_;
  const std::string path_ = temp_ / "runs/quick";
  RunIdentity identity_ = {"quick", "f00", 17, 99};
};

TEST_F(RunDirectoryTest, AFreshDirectoryIsCreatedAlsoWithResume) {
  ASSERT_OK_AND_ASSIGN(const auto directory, RunDirectory::Open(path_, identity_, true));
  EXPECT_EQ(directory->last_incarnation(), 0);
}

TEST_F(RunDirectoryTest, GoesOnWithTheSameRunAndRemembersItsIncarnation) {
  Begin();
  ASSERT_OK_AND_ASSIGN(const auto directory, RunDirectory::Open(path_, identity_, true));
  EXPECT_EQ(directory->last_incarnation(), 4);
}

TEST_F(RunDirectoryTest, IsNotOverwrittenWithoutResume) {
  Begin();
  EXPECT_THAT(RunDirectory::Open(path_, identity_, false),
              StatusIs(absl::StatusCode::kFailedPrecondition, AllOf(HasSubstr(path_), HasSubstr("--resume"), HasSubstr("run.directory"))));
}

TEST_F(RunDirectoryTest, AnotherConfigIsRefusedWithBothNamed) {
  Begin();
  identity_.fingerprint = "beef";
  EXPECT_THAT(RunDirectory::Open(path_, identity_, true),
              StatusIs(absl::StatusCode::kFailedPrecondition, AllOf(HasSubstr("f00"), HasSubstr("beef"), HasSubstr("run.directory"))));
}

TEST_F(RunDirectoryTest, OtherWeightsOrDataAreRefused) {
  Begin();
  RunIdentity other = identity_;
  other.model_crc32c = 1;
  EXPECT_THAT(RunDirectory::Open(path_, other, true), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("model.path")));
  other = identity_;
  other.data_crc32c = 1;
  EXPECT_THAT(RunDirectory::Open(path_, other, true), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("data.train")));
  other = identity_;
  other.name = "slow";
  EXPECT_THAT(RunDirectory::Open(path_, other, true), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("'quick'")));
}

TEST_F(RunDirectoryTest, TwoLearnersCannotWorkInOneDirectory) {
  ASSERT_OK_AND_ASSIGN(auto first, RunDirectory::Open(path_, identity_, false));
  EXPECT_THAT(RunDirectory::Open(path_, identity_, true),
              StatusIs(absl::StatusCode::kFailedPrecondition, AllOf(HasSubstr("another learner"), HasSubstr(std::to_string(getpid())))));
  first.reset();
  EXPECT_OK(RunDirectory::Open(path_, identity_, true));
}

TEST_F(RunDirectoryTest, OutputsOfNobodyKnowsWhatAreLeftAlone) {
  ASSERT_OK(io::CreateDirectories(path_ + "/checkpoints"));
  EXPECT_THAT(RunDirectory::Open(path_, identity_, true), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("'checkpoints'")));
}

TEST_F(RunDirectoryTest, ADamagedIdentityIsNotTrusted) {
  Begin();
  ASSERT_OK(io::WriteFileAtomically(path_ + "/run.json", "{\"run\": \"qui"));
  EXPECT_THAT(RunDirectory::Open(path_, identity_, true), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("run.json")));
}

}  // namespace
}  // namespace cohort::learner
