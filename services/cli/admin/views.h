#pragma once

#include <string>

#include "proto/cohort/admin/v1/admin_service.pb.h"
#include "services/cli/admin/output.h"

namespace cohort::cli {

// How the answers of the admin service look to people. Each view refers to its answer, which outlives it. `headers` off leaves the heads of tables out.
Presentation ViewOf(const admin::v1::GetClusterStatusResponse& answer);
Presentation ViewOf(const admin::v1::ListWorkersResponse& answer, bool headers);
Presentation ViewOf(const admin::v1::GetWorkerResponse& answer);
Presentation ViewOf(const admin::v1::ListServicesResponse& answer, bool headers);
Presentation ViewOf(const admin::v1::GetQueueResponse& answer);
Presentation ViewOf(const admin::v1::ListDeadLettersResponse& answer, bool headers);
Presentation ViewOf(const admin::v1::ListCheckpointsResponse& answer, bool headers);
Presentation ViewOf(const admin::v1::ListSamplesResponse& answer, bool headers);
Presentation ViewOf(const admin::v1::ListOperationsResponse& answer, bool headers);
Presentation ViewOf(const admin::v1::Operation& operation);
Presentation ViewOf(const admin::v1::DiagnoseResponse& answer, bool headers);
Presentation ViewOf(const admin::v1::WatchEventsResponse& answer);
// An answer that needs only a sentence.
Presentation Sentence(const std::string& text, const std::string& name = "");

// The name by which `cohort sample show` finds a sample: "run/7/3#0".
std::string SampleName(const learner::v1::TrainingSample& sample);
// A whole sample.
Presentation ViewOf(const learner::v1::TrainingSample& sample);

}  // namespace cohort::cli
