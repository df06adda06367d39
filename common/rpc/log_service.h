#pragma once

#include "proto/cohort/common/v1/log_service.grpc.pb.h"

namespace cohort::rpc {

// Lets people set how much this process logs. Thread-safe.
class LogServiceImpl final : public common::v1::LogService::Service {
 public:
  grpc::Status SetLogLevel(grpc::ServerContext* context, const common::v1::SetLogLevelRequest* request,
                           common::v1::SetLogLevelResponse* response) override;
};

}  // namespace cohort::rpc
