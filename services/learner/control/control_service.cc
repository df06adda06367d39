#include "services/learner/control/control_service.h"

#include "absl/strings/str_cat.h"
#include "common/config/config.h"
#include "common/log/log.h"
#include "common/rpc/call_trace.h"
#include "common/rpc/status.h"

namespace cohort::learner {
namespace {

constexpr int kDefaultSamples = 16;
constexpr int kMostSamples = 256;

void Fill(const std::map<std::string, double>& seconds, google::protobuf::RepeatedPtrField<v1::ActivitySeconds>& list) {
  for (const auto& [activity, spent] : seconds) {
    v1::ActivitySeconds& one = *list.Add();
    one.set_activity(activity);
    one.set_seconds(spent);
  }
}

// What was answered to an order, also in the log: the trace leads to who gave it.
grpc::Status Answer(const grpc::ServerContext& context, const char* order, bool validate_only, const absl::Status& status) {
  if (!validate_only) {
    COHORT_LOG(INFO) << "order: " << order << (status.ok() ? "" : ": refused: ") << status.message() << rpc::TraceTag(rpc::TraceOf(context));
  }
  return rpc::ToGrpc(status);
}

}  // namespace

grpc::Status ControlServiceImpl::GetControl(grpc::ServerContext*, const v1::GetControlRequest*, v1::GetControlResponse* response) {
  *response = parts_.control.State();
  Fill(parts_.budget.Seconds(), *response->mutable_time_budget());
  Fill(parts_.window.Recent(), *response->mutable_recent_time_budget());
  return grpc::Status::OK;
}

grpc::Status ControlServiceImpl::GetConfig(grpc::ServerContext*, const v1::GetConfigRequest*, v1::GetConfigResponse* response) {
  response->set_yaml(config::ToYaml(parts_.control.EffectiveConfig()));
  return grpc::Status::OK;
}

grpc::Status ControlServiceImpl::ListCheckpoints(grpc::ServerContext*, const v1::ListCheckpointsRequest*, v1::ListCheckpointsResponse* response) {
  for (const v1::Checkpoint& checkpoint : parts_.control.Checkpoints()) *response->add_checkpoints() = checkpoint;
  return grpc::Status::OK;
}

grpc::Status ControlServiceImpl::ListSamples(grpc::ServerContext*, const v1::ListSamplesRequest* request, v1::ListSamplesResponse* response) {
  if (request->limit() < 0 || request->limit() > kMostSamples) {
    return rpc::ToGrpc(absl::InvalidArgumentError(absl::StrCat("limit: ", request->limit(), " is not between 0 and ", kMostSamples)));
  }
  for (const v1::TrainingSample& sample : parts_.samples.Latest(request->limit() == 0 ? kDefaultSamples : request->limit())) {
    *response->add_samples() = sample;
  }
  return grpc::Status::OK;
}

grpc::Status ControlServiceImpl::PauseRun(grpc::ServerContext* context, const v1::PauseRunRequest* request, v1::PauseRunResponse*) {
  return Answer(*context, "pause", request->validate_only(), parts_.control.Pause(request->reason(), request->validate_only()));
}

grpc::Status ControlServiceImpl::ResumeRun(grpc::ServerContext* context, const v1::ResumeRunRequest* request, v1::ResumeRunResponse*) {
  return Answer(*context, "resume", request->validate_only(), parts_.control.Resume(request->validate_only()));
}

grpc::Status ControlServiceImpl::RequestCheckpoint(grpc::ServerContext* context, const v1::RequestCheckpointRequest* request,
                                                   v1::RequestCheckpointResponse* response) {
  const absl::StatusOr<int64_t> step = parts_.control.RequestCheckpoint(request->validate_only());
  if (step.ok()) response->set_step(*step);
  return Answer(*context, "checkpoint", request->validate_only(), step.status());
}

grpc::Status ControlServiceImpl::RollbackPolicy(grpc::ServerContext* context, const v1::RollbackPolicyRequest* request, v1::RollbackPolicyResponse* response) {
  const absl::StatusOr<int64_t> incarnation = parts_.control.Rollback(request->step(), request->validate_only());
  if (incarnation.ok()) response->set_incarnation(*incarnation);
  return Answer(*context, "rollback", request->validate_only(), incarnation.status());
}

grpc::Status ControlServiceImpl::SetStalenessBound(grpc::ServerContext* context, const v1::SetStalenessBoundRequest* request,
                                                   v1::SetStalenessBoundResponse* response) {
  const absl::StatusOr<int64_t> previous = parts_.control.SetMaxStaleness(request->max_staleness(), request->validate_only());
  if (previous.ok()) response->set_previous(*previous);
  return Answer(*context, "set the staleness bound", request->validate_only(), previous.status());
}

grpc::Status ControlServiceImpl::SetLearningRate(grpc::ServerContext* context, const v1::SetLearningRateRequest* request,
                                                 v1::SetLearningRateResponse* response) {
  const absl::StatusOr<v1::SetLearningRateResponse> set = parts_.control.SetLearningRate(request->learning_rate(), request->validate_only());
  if (set.ok()) *response = *set;
  return Answer(*context, "set the learning rate", request->validate_only(), set.status());
}

}  // namespace cohort::learner
