#pragma once

#include <atomic>

#include "proto/cohort/learner/v1/run_service.grpc.pb.h"
#include "services/learner/intake/intake.h"
#include "services/learner/observe/run_feed.h"

namespace cohort::learner {

// The RPC face of the feed and of the intake's open slots. A watcher occupies a thread of the server, so their number is limited; more get
// RESOURCE_EXHAUSTED. Thread-safe; both outlive it.
class RunServiceImpl final : public learner::v1::RunService::Service {
 public:
  RunServiceImpl(const RunFeed* feed, const Intake* intake) : feed_(feed), intake_(intake) {}

  grpc::Status GetRun(grpc::ServerContext* context, const learner::v1::GetRunRequest* request, learner::v1::GetRunResponse* response) override;
  grpc::Status WatchSteps(grpc::ServerContext* context, const learner::v1::WatchStepsRequest* request,
                          grpc::ServerWriter<learner::v1::WatchStepsResponse>* writer) override;

 private:
  absl::Status Stream(grpc::ServerContext& context, int64_t from_step, grpc::ServerWriter<learner::v1::WatchStepsResponse>& writer);

  const RunFeed* const feed_;
  const Intake* const intake_;
  std::atomic<int> watchers_{0};
};

}  // namespace cohort::learner
