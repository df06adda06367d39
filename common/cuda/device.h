#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace cohort::cuda {

// The memory of a device at one time.
struct DeviceMemory {
  int64_t total_bytes = 0;
  int64_t free_bytes = 0;
};

// What a kernel's grid and the size of a cache depend on.
struct DeviceInfo {
  int index = 0;
  std::string name;
  int multiprocessors = 0;
  int64_t total_bytes = 0;
  int64_t free_bytes = 0;  // At the time of the call.
};

// GPUs that this process can see; 0 without a driver. Never fails.
int DeviceCount();

// Makes device `index` current for the calling thread. UNAVAILABLE when there is no such device, when somebody else has it to himself, or when it is
// older than what the kernels are compiled for; the message says what to do.
absl::StatusOr<DeviceInfo> UseDevice(int index);

// Makes device `index` current for the calling thread and reads how full it is; what other processes hold there is not free.
absl::StatusOr<DeviceMemory> ReadDeviceMemory(int index);

}  // namespace cohort::cuda
