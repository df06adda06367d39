#include "common/rpc/log_service.h"

#include "common/log/level.h"

namespace cohort::rpc {

using common::v1::LogLevel;

grpc::Status LogServiceImpl::SetLogLevel(grpc::ServerContext*, const common::v1::SetLogLevelRequest* request,
                                         common::v1::SetLogLevelResponse* response) {
  if (request->level() < common::v1::LOG_LEVEL_INFO || request->level() > common::v1::LOG_LEVEL_ERROR) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "level: INFO, WARNING or ERROR is needed"};
  }
  response->set_previous(static_cast<LogLevel>(log::MinSeverity() + common::v1::LOG_LEVEL_INFO));
  log::SetMinSeverity(request->level() - common::v1::LOG_LEVEL_INFO);
  return grpc::Status::OK;
}

}  // namespace cohort::rpc
