#include "services/rollout/worker/rollout_service.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/call_trace.h"
#include "common/rpc/status.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/rollout/worker/group_message.h"

namespace cohort::rollout {
namespace {

constexpr int kMostPrompts = 65536;
// How often a call that waits looks whether its client is still there.
constexpr absl::Duration kGlance = absl::Milliseconds(100);

absl::Status Standalone() {
  return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "STANDALONE", "a standalone worker leases nothing and cannot be drained");
}

// Turns tokens into messages, text piece by piece.
class TokenStream {
 public:
  explicit TokenStream(const text::Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  absl::StatusOr<v1::GenerateResponse> Next(int prompt, const SampledToken& token) {
    const std::pair<int, int> key(prompt, token.sample);
    auto decoder = decoders_.find(key);
    if (decoder == decoders_.end()) decoder = decoders_.emplace(std::piecewise_construct, std::tuple(key), std::tie(tokenizer_)).first;
    v1::GenerateResponse response;
    response.set_prompt(prompt);
    response.set_sample(token.sample);
    response.add_token_ids(token.token);
    response.add_logprobs(token.logprob);
    response.set_policy_version(token.version);
    response.set_finish_reason(token.finish_reason);
    // The end-of-sequence token is no text.
    if (token.finish_reason != common::v1::FINISH_REASON_STOP) {
      COHORT_ASSIGN_OR_RETURN(*response.mutable_text(), decoder->second.Push(token.token));
    }
    if (token.finish_reason != common::v1::FINISH_REASON_UNSPECIFIED) {
      COHORT_ASSIGN_OR_RETURN(const std::string rest, decoder->second.Finish());
      response.mutable_text()->append(rest);
      decoders_.erase(decoder);
    }
    return response;
  }

 private:
  const text::Tokenizer& tokenizer_;
  std::map<std::pair<int, int>, text::IncrementalDecoder> decoders_;
};

absl::StatusOr<v1::GenerateResponse> WholeSample(int prompt, int index, const FinishedSample& sample, const text::Tokenizer& tokenizer) {
  v1::GenerateResponse response;
  response.set_prompt(prompt);
  response.set_sample(index);
  COHORT_ASSIGN_OR_RETURN(*response.mutable_text(), CompletionText(tokenizer, sample));
  response.mutable_token_ids()->Add(sample.tokens.begin(), sample.tokens.end());
  response.mutable_logprobs()->Add(sample.logprobs.begin(), sample.logprobs.end());
  response.set_finish_reason(sample.finish_reason);
  response.set_policy_version(sample.versions.empty() ? -1 : sample.versions.back());
  return response;
}

}  // namespace

RolloutServiceImpl::RolloutServiceImpl(std::string worker_id, Parts parts) : worker_id_(std::move(worker_id)), parts_(parts) {}

grpc::Status RolloutServiceImpl::Generate(grpc::ServerContext* context, const v1::GenerateRequest* request,
                                          grpc::ServerWriter<v1::GenerateResponse>* writer) {
  return rpc::ToGrpc(Run(*context, *request, *writer));
}

absl::StatusOr<std::vector<GroupRequest>> RolloutServiceImpl::MakeGroups(const v1::GenerateRequest& request) const {
  if (request.prompts_size() == 0) return absl::InvalidArgumentError("prompts: none is given");
  if (request.prompts_size() > kMostPrompts) return absl::InvalidArgumentError(absl::StrCat("prompts: more than ", kMostPrompts));
  if (request.samples() < 0) return absl::InvalidArgumentError("samples: must not be negative");
  std::vector<GroupRequest> groups;
  for (int i = 0; i < request.prompts_size(); ++i) {
    const v1::GeneratePrompt& prompt = request.prompts(i);
    GroupRequest group;
    group.prompt.assign(prompt.token_ids().begin(), prompt.token_ids().end());
    if (group.prompt.empty()) {
      COHORT_ASSIGN_OR_RETURN(group.prompt, parts_.tokenizer.Encode(prompt.text(), /*add_special_tokens=*/true));
    }
    group.samples = std::max(1, request.samples());
    group.sampling = request.sampling();
    group.step = request.step();
    group.slot = i;
    group.stream = request.stream_text();
    groups.push_back(std::move(group));
  }
  return groups;
}

absl::Status RolloutServiceImpl::Run(grpc::ServerContext& context, const v1::GenerateRequest& request,
                                     grpc::ServerWriter<v1::GenerateResponse>& writer) {
  COHORT_ASSIGN_OR_RETURN(std::vector<GroupRequest> groups, MakeGroups(request));
  if (parts_.loop.state().policy.version < 0 && request.min_policy_version() == 0) {
    return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "NO_POLICY", "the worker has no weights yet");
  }
  const absl::Time deadline = absl::FromChrono(context.deadline());
  for (;;) {
    const absl::Status there = parts_.loop.WaitForVersion(request.min_policy_version(), std::min(deadline, absl::Now() + kGlance));
    if (there.ok()) break;
    if (context.IsCancelled() || !absl::IsDeadlineExceeded(there) || absl::Now() >= deadline) return there;
  }
  const auto job = std::make_shared<GenerateJob>(std::move(groups));
  COHORT_RETURN_IF_ERROR(parts_.loop.AddGenerate(job));
  const absl::Status status = Relay(context, request, *job, writer);
  job->cancelled = true;
  return status;
}

absl::Status RolloutServiceImpl::Relay(grpc::ServerContext& context, const v1::GenerateRequest& request, GenerateJob& job,
                                       grpc::ServerWriter<v1::GenerateResponse>& writer) {
  TokenStream stream(parts_.tokenizer);
  for (int finished = 0; finished < request.prompts_size();) {
    auto event = job.events.Pop(absl::Now() + kGlance);
    if (context.IsCancelled()) return absl::CancelledError("the caller has gone");
    if (absl::IsDeadlineExceeded(event.status())) continue;
    if (!event.ok()) return absl::UnavailableError("the worker stops, or the caller reads too slowly");
    if (const auto* token = std::get_if<SampledToken>(&event->what)) {
      COHORT_ASSIGN_OR_RETURN(const v1::GenerateResponse response, stream.Next(event->prompt, *token));
      if (!writer.Write(response)) return absl::CancelledError("the caller has gone");
      continue;
    }
    const auto& group = std::get<FinishedGroup>(event->what);
    if (!group.status.ok()) return Annotate(group.status, absl::StrCat("prompt ", event->prompt));
    ++finished;
    if (request.stream_text()) continue;
    for (size_t i = 0; i < group.samples.size(); ++i) {
      COHORT_ASSIGN_OR_RETURN(const v1::GenerateResponse response, WholeSample(event->prompt, static_cast<int>(i), group.samples[i], parts_.tokenizer));
      if (!writer.Write(response)) return absl::CancelledError("the caller has gone");
    }
  }
  return absl::OkStatus();
}

grpc::Status RolloutServiceImpl::GetWorker(grpc::ServerContext*, const v1::GetWorkerRequest*, v1::GetWorkerResponse* response) {
  const EngineLoopState state = parts_.loop.state();
  response->set_worker_id(worker_id_);
  response->set_policy_version(state.policy.version);
  response->set_incarnation(state.policy.incarnation);
  response->set_active_groups(state.load.groups);
  response->set_active_sequences(state.load.sequences);
  response->set_tokens(state.load.tokens);
  response->set_groups_submitted(parts_.finisher == nullptr ? 0 : parts_.finisher->submitted());
  response->set_leases(parts_.leases == nullptr ? 0 : parts_.leases->held());
  if (parts_.drain != nullptr) {
    response->set_draining(parts_.drain->draining());
    response->set_drain_reason(parts_.drain->reason());
  }
  for (const auto& [activity, seconds] : parts_.metrics.budget().Seconds()) (*response->mutable_time_budget_seconds())[activity] = seconds;
  return grpc::Status::OK;
}

grpc::Status RolloutServiceImpl::DrainWorker(grpc::ServerContext* context, const v1::DrainWorkerRequest* request, v1::DrainWorkerResponse* response) {
  const rpc::TraceScope scope(rpc::TraceOf(*context));
  if (parts_.drain == nullptr) return rpc::ToGrpc(Standalone());
  if (!(request->grace_seconds() >= 0)) return rpc::ToGrpc(absl::InvalidArgumentError("grace_seconds: must not be negative"));
  parts_.drain->Drain(request->reason(), absl::Seconds(request->grace_seconds()), request->stay());
  response->set_leases(parts_.leases->held());
  return grpc::Status::OK;
}

grpc::Status RolloutServiceImpl::UndrainWorker(grpc::ServerContext* context, const v1::UndrainWorkerRequest*, v1::UndrainWorkerResponse*) {
  const rpc::TraceScope scope(rpc::TraceOf(*context));
  return rpc::ToGrpc(parts_.drain == nullptr ? Standalone() : parts_.drain->Undrain());
}

}  // namespace cohort::rollout
