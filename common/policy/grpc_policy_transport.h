#pragma once

#include <memory>

#include "common/policy/policy_transport.h"
#include "grpcpp/channel.h"
#include "proto/cohort/learner/v1/policy_service.grpc.pb.h"

namespace cohort::policy {

// Streams the bytes from the learner over gRPC: for CPU workers, and for those that join late.
class GrpcPolicyTransport final : public PolicyTransport {
 public:
  explicit GrpcPolicyTransport(const std::shared_ptr<grpc::Channel>& learner) : stub_(learner::v1::PolicyService::NewStub(learner)) {}

  absl::Status Fetch(const PolicyAnnouncement& announcement, absl::Span<char> into, const sync::StopToken& stop, absl::Time deadline) override;

 private:
  const std::unique_ptr<learner::v1::PolicyService::Stub> stub_;
};

}  // namespace cohort::policy
