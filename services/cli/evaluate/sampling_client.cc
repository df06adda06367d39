#include "services/cli/evaluate/sampling_client.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "common/rpc/service_tls.h"
#include "common/status/status_macros.h"
#include "proto/cohort/reward/v1/reward_service.grpc.pb.h"
#include "proto/cohort/rollout/v1/rollout_service.grpc.pb.h"

namespace cohort::cli {
namespace {

constexpr size_t kBatch = 1024;

using Key = std::pair<int, int>;

// Puts the pieces of a stream together.
class Assembly {
 public:
  void Take(const rollout::v1::GenerateResponse& piece) {
    SampledCompletion& completion = completions_[{piece.prompt(), piece.sample()}];
    completion.prompt = piece.prompt();
    completion.sample = piece.sample();
    completion.text += piece.text();
    completion.tokens += piece.token_ids_size();
    if (piece.finish_reason() != common::v1::FINISH_REASON_UNSPECIFIED) completion.finish_reason = piece.finish_reason();
  }

  // INTERNAL when one is missing or has no end.
  absl::StatusOr<std::vector<SampledCompletion>> Finish(int prompts, int samples, const std::string& address) {
    std::vector<SampledCompletion> all;
    for (auto& [key, completion] : completions_) {
      if (completion.finish_reason != common::v1::FINISH_REASON_UNSPECIFIED) all.push_back(std::move(completion));
    }
    if (static_cast<int>(all.size()) != prompts * samples) {
      return absl::InternalError(absl::StrCat("rollout worker ", address, " sent ", all.size(), " of ", prompts * samples, " completions"));
    }
    return all;
  }

 private:
  std::map<Key, SampledCompletion> completions_;
};

}  // namespace

absl::StatusOr<std::vector<SampledCompletion>> Sample(const std::string& address, const rollout::v1::GenerateRequest& request, absl::Time deadline,
                                                      const std::function<bool()>& cancelled) {
  COHORT_RETURN_IF_ERROR(rpc::CheckServiceTls());
  const auto stub = rollout::v1::RolloutService::NewStub(rpc::Connect(address));
  rpc::RetryOptions options;
  options.attempt_timeout = deadline - absl::Now();
  Assembly assembly;
  COHORT_RETURN_IF_ERROR(rpc::CallWithRetry(
      absl::StrCat("rollout worker ", address), deadline, options,
      [&](grpc::ClientContext& context) {
        assembly = Assembly();
        const auto stream = stub->Generate(&context, request);
        rollout::v1::GenerateResponse piece;
        while (stream->Read(&piece)) {
          if (cancelled && cancelled()) context.TryCancel();
          assembly.Take(piece);
        }
        return stream->Finish();
      },
      cancelled));
  return assembly.Finish(request.prompts_size(), std::max(1, request.samples()), address);
}

absl::StatusOr<std::vector<reward::v1::ScoreResult>> Grade(const std::string& address, const std::vector<reward::v1::ScoreItem>& items,
                                                           absl::Time deadline, const std::function<bool()>& cancelled) {
  const auto stub = reward::v1::RewardService::NewStub(rpc::Connect(address));
  std::vector<reward::v1::ScoreResult> results;
  for (size_t begin = 0; begin < items.size(); begin += kBatch) {
    reward::v1::ScoreRequest request;
    for (size_t i = begin; i < std::min(items.size(), begin + kBatch); ++i) *request.add_items() = items[i];
    reward::v1::ScoreResponse response;
    COHORT_RETURN_IF_ERROR(rpc::CallWithRetry(
        absl::StrCat("reward service ", address), deadline, rpc::RetryOptions(),
        [&](grpc::ClientContext& context) { return stub->Score(&context, request, &response); }, cancelled));
    if (response.results_size() != request.items_size()) {
      return absl::InternalError(absl::StrCat("reward service ", address, " answered ", response.results_size(), " of ", request.items_size(), " items"));
    }
    results.insert(results.end(), response.results().begin(), response.results().end());
  }
  return results;
}

std::string FillTemplate(const std::string& prompt_template, const std::string& prompt) {
  return absl::StrReplaceAll(prompt_template, {{"{prompt}", prompt}});
}

}  // namespace cohort::cli
