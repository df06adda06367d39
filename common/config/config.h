#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "proto/cohort/config/v1/pretrain.pb.h"
#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::config {

// Where the services of a run stand. `cohort run` starts all of them on one machine, whose GPUs they share.
enum class Placement { kOneMachine, kSeveralMachines };

// Loads a run's YAML file: defaults filled in, types, ranges and contradictions checked. Every error is INVALID_ARGUMENT "FILE:LINE: field: what is
// wrong; remedy"; all errors of the file are reported, one a line. Unknown keys name the nearest known one. NOT_FOUND when there is no such file.
// `overrides` are "section.field=value", as given by --set on the command line; their errors name the option in place of file and line.
absl::StatusOr<config::v1::RunConfig> LoadRunConfig(const std::string& path, const std::vector<std::string>& overrides = {},
                                                  Placement placement = Placement::kOneMachine);
absl::StatusOr<config::v1::PretrainConfig> LoadPretrainConfig(const std::string& path, const std::vector<std::string>& overrides = {});

// The config as YAML with every field, defaults included; loads back to the same config.
std::string ToYaml(const google::protobuf::Message& config);

// What follows from the config, for people: ("samples per step", "256 = 32 prompts × 8 completions"), ….
struct DerivedQuantity {
  std::string name;
  std::string value;
};
std::vector<DerivedQuantity> Derive(const config::v1::RunConfig& config);

// Whether the learner broadcasts weights from the memory of its GPU; a device that is AUTO is taken for one.
bool BroadcastsWeights(const config::v1::RunConfig& config);

// Most tokens that a sequence of the run has, prompt and completion; the model may have fewer positions.
int64_t LongestSequence(const config::v1::RunConfig& config);

// Documentation of a field ("algorithm.group_size", or "group_size" wherever it stands) or a section, of runs and of pre-training: meaning, type,
// unit, range, default. NOT_FOUND names the nearest known field.
absl::StatusOr<std::string> Explain(const std::string& field);

// Fingerprint of everything that decides what is learnt; a run directory belongs to one. Places (directories, addresses), worker counts, batch and
// thread counts, checkpoints, evaluation and run.steps do not enter, so that a run can be moved, rescaled or prolonged; of the paths of model and
// data set only the last component does.
std::string Fingerprint(const config::v1::RunConfig& config);

}  // namespace cohort::config
