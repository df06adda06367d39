#include "services/learner/intake/trajectory_service.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/rpc/call_trace.h"
#include "common/rpc/status.h"

namespace cohort::learner {
namespace {

// What a worker is to repeat as it stands is no refusal, and would fill the log.
void LogRefusal(const absl::Status& answer, const std::string& from, const std::string& tag) {
  if (answer.ok() || absl::IsUnavailable(answer) || absl::IsResourceExhausted(answer)) return;
  const bool harmless = absl::IsAlreadyExists(answer) || absl::IsNotFound(answer);
  if (harmless) COHORT_LOG(INFO) << "a group of " << from << " is not needed: " << answer.message() << tag;
  if (!harmless) COHORT_LOG(WARNING) << "a group of " << from << " is refused: " << answer.message() << tag;
}

}  // namespace

grpc::ServerUnaryReactor* TrajectoryServiceImpl::SubmitGroup(grpc::CallbackServerContext* context,
                                                             const learner::v1::SubmitGroupRequest* request,
                                                             learner::v1::SubmitGroupResponse*) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  learner::v1::Group group = request->group();
  group.set_trace_id(rpc::TraceOf(*context).TraceId());
  const std::string from = absl::StrCat(group.worker_id(), ", attempt ", group.attempt());
  const std::string tag = rpc::TraceTag(group.trace_id());
  intake_->Submit(std::move(group), [reactor, from, tag](const absl::Status& answer) {
    LogRefusal(answer, from, tag);
    reactor->Finish(rpc::ToGrpc(answer));
  });
  return reactor;
}

}  // namespace cohort::learner
