#include "services/learner/reward/gold_check.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/server.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cohort/reward/v1/reward_service.grpc.pb.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::IsOk;
using ::cohort::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Accepts answers of digits.
class DigitsService final : public reward::v1::RewardService::Service {
 public:
  grpc::Status CompileGold(grpc::ServerContext*, const reward::v1::CompileGoldRequest* request, reward::v1::CompileGoldResponse* response) override {
    for (int i = 0; i < request->gold_answers_size(); ++i) {
      if (request->gold_answers(i).find_first_not_of("0123456789") == std::string::npos) continue;
      auto& error = *response->add_errors();
      error.set_index(i);
      error.set_message("not a number");
    }
    return grpc::Status::OK;
  }
};

std::vector<data::PreparedPrompt> Prompts(int count) {
  std::vector<data::PreparedPrompt> prompts;
  for (int i = 0; i < count; ++i) prompts.push_back({{1}, "q", absl::StrCat(i), absl::StrCat("data.jsonl:", i + 1), ""});
  return prompts;
}

class GoldCheckTest : public ::testing::Test {
 protected:
  absl::Status Check(const std::vector<data::PreparedPrompt>& prompts) {
    DigitsService service;
    auto server = rpc::Server::Start({"127.0.0.1:0", false, {&service}});
    EXPECT_THAT(server, IsOk());
    (*server)->SetReady(true);
    return CheckGoldAnswers((*server)->address(), "exact", prompts, absl::Now() + absl::Seconds(20), {});
  }
};

TEST_F(GoldCheckTest, GoodAnswersPassAlsoWhenTheyTakeSeveralCalls) { EXPECT_OK(Check(Prompts(9000))); }

TEST_F(GoldCheckTest, ABadAnswerIsNamedByFileLineAndText) {
  std::vector<data::PreparedPrompt> prompts = Prompts(9000);
  prompts[8500].gold_answer = "seven";
  EXPECT_THAT(Check(prompts), StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("data.jsonl:8501"), HasSubstr("'seven'"),
                                                                                HasSubstr("not a number"), Not(HasSubstr("and more")))));
}

TEST_F(GoldCheckTest, ManyBadAnswersDoNotFloodTheScreen) {
  std::vector<data::PreparedPrompt> prompts = Prompts(50);
  for (data::PreparedPrompt& prompt : prompts) prompt.gold_answer = "x";
  EXPECT_THAT(Check(prompts), StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("data.jsonl:10:"), Not(HasSubstr("data.jsonl:11:")),
                                                                                HasSubstr("and more"))));
}

TEST_F(GoldCheckTest, AServiceThatIsNotThereIsNamedByItsAddress) {
  const absl::Status status = CheckGoldAnswers("127.0.0.1:1", "exact", Prompts(1), absl::Now() + absl::Milliseconds(200), {});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("127.0.0.1:1")));
}

}  // namespace
}  // namespace cohort::learner
