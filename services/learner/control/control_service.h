#pragma once

#include "proto/cohort/learner/v1/control_service.grpc.pb.h"
#include "services/learner/control/budget_window.h"
#include "services/learner/control/run_control.h"
#include "services/learner/observe/sample_feed.h"

namespace cohort::learner {

// The RPC face of the run's control; orders stand in the log. Thread-safe; no call waits for the loop.
class ControlServiceImpl final : public v1::ControlService::Service {
 public:
  // What is steered and looked at; everything outlives the service.
  struct Parts {
    RunControl& control;
    const metrics::TimeBudget& budget;
    const BudgetWindow& window;
    const SampleFeed& samples;
  };
  explicit ControlServiceImpl(Parts parts) : parts_(std::move(parts)) {}

  grpc::Status GetControl(grpc::ServerContext* context, const v1::GetControlRequest* request, v1::GetControlResponse* response) override;
  grpc::Status GetConfig(grpc::ServerContext* context, const v1::GetConfigRequest* request, v1::GetConfigResponse* response) override;
  grpc::Status ListCheckpoints(grpc::ServerContext* context, const v1::ListCheckpointsRequest* request,
                               v1::ListCheckpointsResponse* response) override;
  grpc::Status ListSamples(grpc::ServerContext* context, const v1::ListSamplesRequest* request, v1::ListSamplesResponse* response) override;
  grpc::Status PauseRun(grpc::ServerContext* context, const v1::PauseRunRequest* request, v1::PauseRunResponse* response) override;
  grpc::Status ResumeRun(grpc::ServerContext* context, const v1::ResumeRunRequest* request, v1::ResumeRunResponse* response) override;
  grpc::Status RequestCheckpoint(grpc::ServerContext* context, const v1::RequestCheckpointRequest* request,
                                 v1::RequestCheckpointResponse* response) override;
  grpc::Status RollbackPolicy(grpc::ServerContext* context, const v1::RollbackPolicyRequest* request, v1::RollbackPolicyResponse* response) override;
  grpc::Status SetStalenessBound(grpc::ServerContext* context, const v1::SetStalenessBoundRequest* request,
                                 v1::SetStalenessBoundResponse* response) override;
  grpc::Status SetLearningRate(grpc::ServerContext* context, const v1::SetLearningRateRequest* request,
                               v1::SetLearningRateResponse* response) override;

 private:
  const Parts parts_;
};

}  // namespace cohort::learner
