#include "services/learner/reward/gold_check.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/rpc/client.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "proto/cohort/reward/v1/reward_service.grpc.pb.h"

namespace cohort::learner {
namespace {

constexpr size_t kAnswersPerCall = 4096;
constexpr size_t kMostNamed = 10;

}  // namespace

absl::Status CheckGoldAnswers(const std::string& address, const std::string& policy, const std::vector<data::PreparedPrompt>& prompts,
                              absl::Time deadline, const sync::StopToken& stop, metrics::Registry* metrics) {
  const auto stub = reward::v1::RewardService::NewStub(rpc::Connect(address, nullptr, metrics));
  const std::string peer = absl::StrCat("the reward service at ", address);
  std::vector<std::string> bad;
  for (size_t begin = 0; begin < prompts.size() && bad.size() <= kMostNamed; begin += kAnswersPerCall) {
    reward::v1::CompileGoldRequest request;
    request.set_policy_id(policy);
    const size_t end = std::min(prompts.size(), begin + kAnswersPerCall);
    for (size_t i = begin; i < end; ++i) request.add_gold_answers(prompts[i].gold_answer);
    reward::v1::CompileGoldResponse response;
    const absl::Status called = rpc::CallWithRetry(
        peer, deadline, {}, [&](grpc::ClientContext& context) { return stub->CompileGold(&context, request, &response); },
        [&stop] { return stop.stop_requested(); });
    COHORT_RETURN_IF_ERROR(called);
    for (const reward::v1::GoldError& error : response.errors()) {
      const size_t index = begin + static_cast<size_t>(error.index());
      if (error.index() < 0 || index >= end) return absl::InternalError(absl::StrCat(peer, " names an answer that was not asked about"));
      bad.push_back(absl::StrCat(prompts[index].place, ": the answer '", prompts[index].gold_answer, "' cannot be checked: ", error.message(), "; correct it or drop the line"));
    }
  }
  if (bad.empty()) return absl::OkStatus();
  const bool more = bad.size() > kMostNamed;
  if (more) bad.resize(kMostNamed);
  return absl::InvalidArgumentError(absl::StrCat(absl::StrJoin(bad, "\n"), more ? "\nand more of this kind" : ""));
}

}  // namespace cohort::learner
