#include "common/registry/record.h"

#include "common/rpc/address.h"

namespace cohort::registry {

v1::ServiceRecord RecordOf(const std::string& name, v1::ServiceRole role, const rpc::Endpoints& endpoints, const std::string& advertise_host) {
  v1::ServiceRecord record;
  record.set_name(name);
  record.set_role(role);
  record.set_endpoint(rpc::Advertised(endpoints.grpc, advertise_host));
  record.set_metrics_endpoint(rpc::Advertised(endpoints.metrics, advertise_host));
  record.set_state(v1::SERVICE_STATE_READY);
  return record;
}

}  // namespace cohort::registry
