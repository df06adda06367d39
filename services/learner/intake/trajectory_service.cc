#include "services/learner/intake/trajectory_service.h"

#include "common/rpc/status.h"

namespace cohort::learner {

grpc::ServerUnaryReactor* TrajectoryServiceImpl::SubmitGroup(grpc::CallbackServerContext* context,
                                                             const learner::v1::SubmitGroupRequest* request,
                                                             learner::v1::SubmitGroupResponse*) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  intake_->Submit(request->group(), [reactor](const absl::Status& answer) { reactor->Finish(rpc::ToGrpc(answer)); });
  return reactor;
}

}  // namespace cohort::learner
