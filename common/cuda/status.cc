#include "common/cuda/status.h"

#include "absl/strings/str_cat.h"

namespace cohort::cuda {

absl::Status ToStatus(cudaError_t error, absl::string_view what) {
  if (error == cudaSuccess) return absl::OkStatus();
  const std::string message = absl::StrCat(what, ": ", cudaGetErrorString(error), " (", cudaGetErrorName(error), ")");
  switch (error) {
    case cudaErrorMemoryAllocation: return absl::ResourceExhaustedError(message);
    case cudaErrorNoDevice:
    case cudaErrorInsufficientDriver:
    case cudaErrorDevicesUnavailable:
    case cudaErrorInitializationError:
    case cudaErrorSystemNotReady: return absl::UnavailableError(message);
    default: return absl::InternalError(message);
  }
}

absl::Status LaunchStatus(absl::string_view kernel) { return ToStatus(cudaGetLastError(), kernel); }

}  // namespace cohort::cuda
