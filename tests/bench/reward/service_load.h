#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/bench/reward/mix.h"
#include "tests/integration/reward/reward_process.h"

namespace cohort::reward {

// What the processes of a service have used so far, in seconds of CPU.
struct ServiceCpu {
  double front = 0;    // The gRPC process.
  double workers = 0;  // Zygote and workers, those that have ended included.
};
ServiceCpu CpuOf(RewardProcess& service);

// Memory in use, in bytes.
int64_t ResidentBytes(pid_t pid);

// Sends the samples as one stream in batches of 256 and waits for all results. Returns how many came.
size_t StreamAll(RewardProcess& service, const std::vector<Sample>& samples);

// Lets RewardProcess find the binary of this build; `program` lies in bin/bench.
void UseBinariesOfThisBuild();

}  // namespace cohort::reward
