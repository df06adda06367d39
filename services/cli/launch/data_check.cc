#include "services/cli/launch/data_check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/redis/connection.h"
#include "common/rpc/client.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "proto/cohort/reward/v1/reward_service.grpc.pb.h"

namespace cohort::cli {
namespace {

constexpr size_t kBatch = 16384;
constexpr absl::Duration kTimeout = absl::Seconds(60);

}  // namespace

std::vector<PlacedAnswer> AnswersOf(const std::vector<data::Problem>& problems) {
  std::vector<PlacedAnswer> answers;
  for (const data::Problem& problem : problems) answers.push_back({problem.answer, problem.place});
  return answers;
}

std::vector<PlacedAnswer> AnswersOf(const std::vector<data::PreparedPrompt>& prompts) {
  std::vector<PlacedAnswer> answers;
  for (const data::PreparedPrompt& prompt : prompts) answers.push_back({prompt.gold_answer, prompt.place});
  return answers;
}

absl::Status CheckGoldAnswers(const std::string& reward_address, const std::string& policy, const std::vector<PlacedAnswer>& answers) {
  const auto stub = reward::v1::RewardService::NewStub(rpc::Connect(reward_address));
  for (size_t begin = 0; begin < answers.size(); begin += kBatch) {
    reward::v1::CompileGoldRequest request;
    request.set_policy_id(policy);
    for (size_t i = begin; i < std::min(answers.size(), begin + kBatch); ++i) request.add_gold_answers(answers[i].answer);
    reward::v1::CompileGoldResponse response;
    COHORT_RETURN_IF_ERROR(rpc::CallWithRetry(absl::StrCat("reward service ", reward_address), absl::Now() + kTimeout, rpc::RetryOptions(),
                                              [&](grpc::ClientContext& context) { return stub->CompileGold(&context, request, &response); }));
    if (response.errors().empty()) continue;
    const reward::v1::GoldError& error = response.errors(0);
    const PlacedAnswer& bad = answers[std::min(answers.size() - 1, begin + static_cast<size_t>(std::max(0, error.index())))];
    return absl::InvalidArgumentError(absl::StrCat(bad.place, ": answer: '", bad.answer, "' cannot be parsed (", error.message(),
                                                   "); write a number, or take the line out"));
  }
  return absl::OkStatus();
}

absl::Status CheckRedis(const std::string& address, absl::Time deadline) {
  redis::Connection connection({.address = address, .client_name = "cohort-launcher"});
  const absl::Status status = connection.Command({"PING"}, deadline, redis::LostReply::kRepeat).status();
  return status.ok() ? status : Annotate(status, absl::StrCat("queue.redis_address ", address));
}

}  // namespace cohort::cli
