#include "services/cli/launch/follower_gpus.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace cohort::cli {

absl::Status CheckFollowerGpus(const config::v1::RunConfig& config) {
  const auto& rollout = config.rollout();
  const int processes = config.optimizer().data_parallel();
  if (processes < 2 || config.optimizer().device() == config::v1::DEVICE_CPU) return absl::OkStatus();
  if (rollout.kv_megabytes() > 0 || rollout.device() == config::v1::DEVICE_CPU) return absl::OkStatus();
  const int first = GpuOfFollower(config, 1), last = GpuOfFollower(config, processes - 1);
  const int shared = std::max(first, rollout.first_gpu());
  if (shared > last || shared >= rollout.first_gpu() + rollout.gpus()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("rollout.kv_megabytes: is not set, so the rollout workers take all of GPU ", shared,
                                                 " that a follower of the learner has not taken yet; followers take the GPUs behind optimizer.gpu, up to GPU ",
                                                 last, " with optimizer.data_parallel ", processes, ". Set rollout.kv_megabytes, or rollout.first_gpu to ",
                                                 last + 1));
}

}  // namespace cohort::cli
