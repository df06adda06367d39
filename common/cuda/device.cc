#include "common/cuda/device.h"

#include <cuda_runtime_api.h>

#include "absl/strings/str_cat.h"
#include "common/cuda/status.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::cuda {
namespace {

constexpr int kOldestMajor = 9;

}  // namespace

int DeviceCount() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    cudaGetLastError();
    return 0;
  }
  return count;
}

absl::StatusOr<DeviceInfo> UseDevice(int index) {
  const int count = DeviceCount();
  if (index < 0 || index >= count) {
    return absl::UnavailableError(
        absl::StrCat("GPU ", index, " is not there: this process sees ", count, " GPUs; check the driver and CUDA_VISIBLE_DEVICES"));
  }
  cudaDeviceProp properties;
  COHORT_RETURN_IF_ERROR(ToStatus(cudaGetDeviceProperties(&properties, index), absl::StrCat("reading the properties of GPU ", index)));
  if (properties.major < kOldestMajor) {
    return absl::UnavailableError(absl::StrCat("GPU ", index, " (", properties.name, ") has compute capability ", properties.major, ".", properties.minor,
                                               "; the kernels need ", kOldestMajor, ".0"));
  }
  const absl::StatusOr<DeviceMemory> memory = ReadDeviceMemory(index);
  if (!memory.ok()) return Annotate(memory.status(), absl::StrCat("GPU ", index, " (", properties.name, ") cannot be used, somebody else may have it"));
  DeviceInfo info;
  info.index = index;
  info.name = properties.name;
  info.multiprocessors = properties.multiProcessorCount;
  info.total_bytes = memory->total_bytes;
  info.free_bytes = memory->free_bytes;
  return info;
}

absl::StatusOr<DeviceMemory> ReadDeviceMemory(int index) {
  size_t free = 0, total = 0;
  COHORT_RETURN_IF_ERROR(ToStatus(cudaSetDevice(index), "selecting it"));
  COHORT_RETURN_IF_ERROR(ToStatus(cudaMemGetInfo(&free, &total), "reading its free memory"));
  return DeviceMemory{static_cast<int64_t>(total), static_cast<int64_t>(free)};
}

}  // namespace cohort::cuda
