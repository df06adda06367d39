#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace cohort::admin {

// Errors of the admin API that several calls share; reasons are part of the API (proto/cohort/admin/v1/admin_service.proto).

// What a call to Redis ended with, as the API tells it: an unreachable server is UNAVAILABLE (reason REDIS_UNAVAILABLE), one that
// does not let this service in (redis::kRefused, whatever is wrong) FAILED_PRECONDITION (REDIS_REFUSED): not the caller is to correct something.
absl::Status OfRedis(const absl::Status& status);

// UNAVAILABLE (reason NO_LEARNER).
absl::Status NoLearner(absl::string_view why);

absl::Status UnknownWorker(const std::string& name);
absl::Status UnknownService(const std::string& name);

}  // namespace cohort::admin
