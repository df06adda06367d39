#pragma once

#include "proto/cohort/learner/v1/trajectory_service.grpc.pb.h"
#include "services/learner/intake/intake.h"

namespace cohort::learner {

// The RPC face of the intake: writes the call's trace id into the group, and refusals into the log. Callback API: no thread waits while a group goes to disk.
// Thread-safe; the intake outlives it.
class TrajectoryServiceImpl final : public learner::v1::TrajectoryService::CallbackService {
 public:
  explicit TrajectoryServiceImpl(Intake* intake) : intake_(intake) {}

  grpc::ServerUnaryReactor* SubmitGroup(grpc::CallbackServerContext* context, const learner::v1::SubmitGroupRequest* request,
                                        learner::v1::SubmitGroupResponse* response) override;

 private:
  Intake* const intake_;
};

}  // namespace cohort::learner
