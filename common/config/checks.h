#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/config/diagnostics.h"
#include "common/config/settings.h"
#include "proto/cohort/config/v1/pretrain.pb.h"
#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::config {

// Contradictions between fields, each of which is fine by itself, go to `diagnostics` with a remedy. Called only when every field is in range.
void CheckRun(const v1::RunConfig& config, const Settings& settings, Diagnostics& diagnostics);
// Those between services that share a machine.
void CheckOneMachine(const v1::RunConfig& config, const Settings& settings, Diagnostics& diagnostics);
void CheckPretrain(const v1::PretrainConfig& config, const Settings& settings, Diagnostics& diagnostics);

}  // namespace cohort::config
