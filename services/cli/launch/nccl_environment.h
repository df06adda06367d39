#pragma once

#include <map>
#include <string>

#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::cli {

// The GPU of a rollout worker that `cohort run` starts: the workers take theirs in turn.
int GpuOfWorker(const config::v1::RunConfig& config, int worker);

// What NCCL must be told in the environment of the learner (worker -1) and of the rollout workers of a run on one machine. NCCL refuses two ranks on one GPU
// unless it takes them for ranks of two machines: a worker on the GPU of the learner or of an earlier worker gets a name of its own for its machine, and
// reaches the others through the loopback interface. Variables that this process has set already are left as they are.
std::map<std::string, std::string> NcclEnvironment(const config::v1::RunConfig& config, int worker);

}  // namespace cohort::cli
