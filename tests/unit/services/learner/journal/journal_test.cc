#include "services/learner/journal/journal.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::IsOk;
using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::SizeIs;

learner::v1::Group MakeGroup(int64_t step, int64_t slot, const std::string& worker = "w") {
  learner::v1::Group group;
  group.set_group_id(absl::StrCat("run/", step, "/", slot));
  group.set_step(step);
  group.set_slot(slot);
  group.set_worker_id(worker);
  group.add_completions()->set_text("a completion");
  return group;
}

absl::Status AppendAndWait(Journal& journal, const learner::v1::Group& group) {
  absl::Notification done;
  absl::Status result;
  const absl::Status queued = journal.Append(group, [&](const absl::Status& status) {
    result = status;
    done.Notify();
  });
  if (!queued.ok()) return queued;
  done.WaitForNotification();
  return result;
}

std::vector<std::string> Files(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

class JournalTest : public ::testing::Test {
 protected:
  std::unique_ptr<Journal> Open(int64_t from_step = 0) {
    auto journal = Journal::Open({directory_.path()}, from_step);
    EXPECT_THAT(journal, IsOk());
    return *std::move(journal);
  }
  TempDir directory_;
};

TEST_F(JournalTest, AGroupIsThereAfterTheProcessHasGone) {
  ASSERT_OK(AppendAndWait(*Open(), MakeGroup(3, 1)));
  const auto journal = Open();
  ASSERT_TRUE(journal->Recovered("run/3/1"));
  ASSERT_OK_AND_ASSIGN(const learner::v1::Group group, journal->Load("run/3/1"));
  EXPECT_EQ(group.SerializeAsString(), MakeGroup(3, 1).SerializeAsString());
  EXPECT_FALSE(journal->Recovered("run/3/2"));
  EXPECT_THAT(journal->Load("run/3/2"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(JournalTest, WhatWasAnsweredBeforeASigkillIsThere) {
  int answered[2];
  ASSERT_EQ(pipe(answered), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto journal = Journal::Open({directory_.path()}, 0);
    for (int64_t slot = 0; journal.ok(); ++slot) {
      if (AppendAndWait(**journal, MakeGroup(0, slot)).ok() && write(answered[1], &slot, sizeof(slot)) < 0) break;
    }
    _exit(1);
  }
  close(answered[1]);
  int64_t last = -1;
  while (last < 20 && read(answered[0], &last, sizeof(last)) == sizeof(last)) {
  }
  kill(child, SIGKILL);
  while (read(answered[0], &last, sizeof(last)) == sizeof(last)) {
  }
  waitpid(child, nullptr, 0);
  close(answered[0]);

  const auto journal = Open();
  ASSERT_GE(last, 20);
  for (int64_t slot = 0; slot <= last; ++slot) EXPECT_TRUE(journal->Recovered(absl::StrCat("run/0/", slot))) << slot;
}

TEST_F(JournalTest, ATornTailIsCutOffWhereverItBreaks) {
  for (int64_t slot = 0; slot < 3; ++slot) ASSERT_OK(AppendAndWait(*Open(), MakeGroup(0, slot)));
  std::string whole;
  for (int64_t slot = 0; slot < 3; ++slot) AppendFrame(MakeGroup(7, slot).SerializeAsString(), whole);
  const size_t frame = whole.size() / 3;
  for (size_t cut = 2 * frame; cut < whole.size(); ++cut) {
    TempDir directory;
    ASSERT_OK(io::WriteFileDurably(directory / "segment-000001.log", whole.substr(0, cut)));
    ASSERT_OK_AND_ASSIGN(const auto journal, Journal::Open({directory.path()}, 0));
    EXPECT_EQ(journal->recovered(), 2) << "cut at " << cut;
    EXPECT_EQ(std::filesystem::file_size(directory / "segment-000001.log"), 2 * frame);
  }
}

TEST_F(JournalTest, AFlippedBitEndsTheSegmentThere) {
  std::string whole;
  for (int64_t slot = 0; slot < 3; ++slot) AppendFrame(MakeGroup(7, slot).SerializeAsString(), whole);
  whole[whole.size() / 3 + 20] ^= 4;
  ASSERT_OK(io::WriteFileDurably(directory_ / "segment-000001.log", whole));
  EXPECT_EQ(Open()->recovered(), 1);
}

TEST_F(JournalTest, AHoleOfZerosIsNoRecord) {
  ASSERT_OK(io::WriteFileDurably(directory_ / "segment-000001.log", std::string(4096, '\0')));
  EXPECT_EQ(Open()->recovered(), 0);
}

TEST_F(JournalTest, TheLaterOfTwoRecordsOfAGroupCounts) {
  const auto first = Open();
  ASSERT_OK(AppendAndWait(*first, MakeGroup(0, 0, "early")));
  ASSERT_OK(AppendAndWait(*first, MakeGroup(0, 0, "late")));
  const auto journal = Open();
  EXPECT_EQ(journal->recovered(), 1);
  EXPECT_EQ(journal->Load("run/0/0")->worker_id(), "late");
}

TEST_F(JournalTest, SegmentsOfStepsThatACheckpointCoversAreDropped) {
  auto journal = Open();
  ASSERT_OK(AppendAndWait(*journal, MakeGroup(0, 0)));
  ASSERT_OK(journal->DropBefore(0));
  ASSERT_OK(AppendAndWait(*journal, MakeGroup(1, 0)));
  ASSERT_OK(AppendAndWait(*journal, MakeGroup(2, 0)));
  EXPECT_EQ(journal->segments(), 2);

  ASSERT_OK(journal->DropBefore(2));

  EXPECT_EQ(journal->segments(), 2);  // The one with step 2 and the new one.
  journal.reset();
  journal = Open();
  EXPECT_FALSE(journal->Recovered("run/0/0"));
  EXPECT_TRUE(journal->Recovered("run/2/0"));
  EXPECT_EQ(Open(/*from_step=*/2)->recovered(), 1);
}

TEST_F(JournalTest, ConcurrentAppendsAreAllThere) {
  constexpr int kThreads = 8;
  constexpr int kEach = 50;
  {
    const auto journal = Open();
    absl::BlockingCounter pending(kThreads * kEach);
    std::vector<sync::Thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back("append", [&, t] {
        for (int i = 0; i < kEach; ++i) {
          EXPECT_OK(journal->Append(MakeGroup(t, i), [&](const absl::Status& status) {
            EXPECT_OK(status);
            pending.DecrementCount();
          }));
        }
      });
    }
    pending.Wait();
  }
  EXPECT_EQ(Open()->recovered(), kThreads * kEach);
}

TEST_F(JournalTest, TooMuchWaitingForTheDiskIsRefusedWithARetryDelay) {
  ASSERT_OK_AND_ASSIGN(const auto journal, Journal::Open({.directory = directory_.path(), .max_pending_bytes = 1}, 0));
  absl::Notification hold;
  absl::Notification running;
  ASSERT_OK(journal->Append(MakeGroup(0, 0), [&](const absl::Status&) {
    running.Notify();
    hold.WaitForNotification();
  }));
  running.WaitForNotification();
  absl::BlockingCounter accepted(1);
  ASSERT_OK(journal->Append(MakeGroup(0, 1), [&](const absl::Status&) { accepted.DecrementCount(); }));
  const absl::Status refused = journal->Append(MakeGroup(0, 2), [](const absl::Status&) { FAIL(); });
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_LT(RetryDelay(refused, absl::InfiniteDuration()), absl::Seconds(5));
  hold.Notify();
  accepted.Wait();
}

TEST_F(JournalTest, AFullDiskIsReportedAndLeavesNoTornRecordBehind) {
  // A limit on the size of files stands in for the full disk: the write breaks off in the middle of a record.
  signal(SIGXFSZ, SIG_IGN);
  {
    const auto journal = Open();
    ASSERT_OK(AppendAndWait(*journal, MakeGroup(0, 0)));
    const auto size = std::filesystem::file_size(Files(directory_.path()).back());
    rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit tight = {static_cast<rlim_t>(size + 10), before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
    EXPECT_THAT(AppendAndWait(*journal, MakeGroup(0, 1)), StatusIs(absl::StatusCode::kResourceExhausted, ::testing::HasSubstr("segment-")));
    EXPECT_EQ(std::filesystem::file_size(Files(directory_.path()).back()), size);
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_OK(AppendAndWait(*journal, MakeGroup(0, 2)));
  }
  const auto journal = Open();
  EXPECT_TRUE(journal->Recovered("run/0/0"));
  EXPECT_FALSE(journal->Recovered("run/0/1"));
  EXPECT_TRUE(journal->Recovered("run/0/2"));
}

}  // namespace
}  // namespace cohort::learner
