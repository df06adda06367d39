#pragma once

#include <string>

#include "common/rpc/endpoint_file.h"
#include "proto/cohort/registry/v1/registry.pb.h"

namespace cohort::registry {

// The record of a service that is ready and listens at `endpoints`; others reach it at `advertise_host`, or where it listens when that is empty.
v1::ServiceRecord RecordOf(const std::string& name, v1::ServiceRole role, const rpc::Endpoints& endpoints, const std::string& advertise_host);

}  // namespace cohort::registry
