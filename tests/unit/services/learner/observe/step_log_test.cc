#include "services/learner/observe/step_log.h"

#include <vector>

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "proto/cohort/learner/v1/run_service.pb.h"
#include "services/learner/observe/message_json.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::IsOk;
using ::cohort::testing::IsOkAndHolds;
using ::testing::ElementsAre;

TEST(StepLogTest, AResumedRunDropsTheStepsItDoesAgain) {
  testing::TempDir directory;
  const std::string path = directory / "steps.jsonl";
  {
    ASSERT_OK_AND_ASSIGN(const auto log, StepLog::Open(path, 0));
    ASSERT_OK(log->Append("{\"step\":0}\n{\"step\":0}\n"));
    ASSERT_OK(log->Append("{\"step\":1}\n"));
    ASSERT_OK(log->Append("{\"step\":2}\n"));
  }
  std::vector<std::string> kept;
  ASSERT_OK_AND_ASSIGN(const auto log, StepLog::Open(path, /*next_step=*/2, [&](absl::string_view line) { kept.emplace_back(line); }));
  EXPECT_THAT(kept, ElementsAre("{\"step\":0}", "{\"step\":0}", "{\"step\":1}"));
  ASSERT_OK(log->Append("{\"step\":2,\"again\":true}\n"));
  ASSERT_OK(log->Sync());
  EXPECT_THAT(io::ReadFile(path), IsOkAndHolds("{\"step\":0}\n{\"step\":0}\n{\"step\":1}\n{\"step\":2,\"again\":true}\n"));
}

TEST(StepLogTest, ALineThatWasTornIsDropped) {
  testing::TempDir directory;
  const std::string path = directory / "steps.jsonl";
  ASSERT_OK(io::WriteFileDurably(path, "{\"step\":0}\n{\"step\":1}\n{\"step\":2,\"x"));
  ASSERT_OK(StepLog::Open(path, 10));
  EXPECT_THAT(io::ReadFile(path), IsOkAndHolds("{\"step\":0}\n{\"step\":1}\n"));
}

TEST(MessageJsonTest, ProtobufsOwnParserReadsARecordBackExactly) {
  learner::v1::StepRecord record;
  record.set_step(12345678901234);
  record.set_reward_mean(0.1 + 0.2);
  record.set_kl(1e-17);
  record.set_loss(std::numeric_limits<double>::quiet_NaN());
  record.add_length_histogram(3);
  record.add_length_histogram(0);
  const std::string json = MessageToJson(record).dump();
  EXPECT_EQ(json.find('\n'), std::string::npos);
  EXPECT_NE(json.find("\"step\":12345678901234,"), std::string::npos) << json;
  EXPECT_NE(json.find("\"masked_samples\":0"), std::string::npos) << json;

  learner::v1::StepRecord read;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &read).ok());
  EXPECT_TRUE(std::isnan(read.loss()));
  read.set_loss(0);
  record.set_loss(0);
  EXPECT_EQ(read.SerializeAsString(), record.SerializeAsString());
}

}  // namespace
}  // namespace cohort::learner
