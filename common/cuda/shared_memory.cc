#include "common/cuda/shared_memory.h"

#include <cuda.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/cuda/status.h"
#include "common/status/status_macros.h"

namespace cohort::cuda {
namespace {

constexpr size_t kMostOpen = 4;

// A handle names an allocation; the data may begin in the middle of it. An allocation that takes the place of a freed one may have the same handle, not the
// same id.
struct Shared {
  cudaIpcMemHandle_t handle;
  uint64_t id = 0;
  uint64_t offset = 0;
};

// A function of the driver, found through the runtime so that nothing is linked to the driver.
template <typename Function>
absl::StatusOr<Function> DriverFunction(const char* name) {
  constexpr unsigned kSince = 12000;  // CUDA 12.0
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found = cudaDriverEntryPointSymbolNotFound;
  COHORT_RETURN_IF_ERROR(ToStatus(cudaGetDriverEntryPointByVersion(name, &function, kSince, cudaEnableDefault, &found), name));
  if (found != cudaDriverEntryPointSuccess) return absl::UnimplementedError(absl::StrCat("the driver has no ", name));
  return reinterpret_cast<Function>(function);
}

absl::Status FromDriver(CUresult result, absl::string_view what) {
  if (result == CUDA_SUCCESS) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(what, ": the driver's error ", static_cast<int>(result)));
}

// Offset and id of what `data` lies in.
absl::Status FindAllocation(const void* data, Shared& shared) {
  using AddressRange = CUresult (*)(CUdeviceptr* base, size_t* size, CUdeviceptr pointer);
  using PointerAttribute = CUresult (*)(void* value, CUpointer_attribute attribute, CUdeviceptr pointer);
  COHORT_ASSIGN_OR_RETURN(const auto address_range, DriverFunction<AddressRange>("cuMemGetAddressRange"));
  COHORT_ASSIGN_OR_RETURN(const auto pointer_attribute, DriverFunction<PointerAttribute>("cuPointerGetAttribute"));
  const auto pointer = reinterpret_cast<CUdeviceptr>(data);
  CUdeviceptr base = 0;
  size_t size = 0;
  unsigned long long id = 0;
  COHORT_RETURN_IF_ERROR(FromDriver(address_range(&base, &size, pointer), "finding an allocation"));
  COHORT_RETURN_IF_ERROR(FromDriver(pointer_attribute(&id, CU_POINTER_ATTRIBUTE_BUFFER_ID, pointer), "finding an allocation's id"));
  shared.offset = pointer - base;
  shared.id = id;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> DeviceIdentity(int gpu) {
  cudaDeviceProp properties;
  COHORT_RETURN_IF_ERROR(ToStatus(cudaGetDeviceProperties(&properties, gpu), absl::StrCat("reading the properties of GPU ", gpu)));
  return absl::BytesToHexString(absl::string_view(properties.uuid.bytes, sizeof(properties.uuid.bytes)));
}

absl::StatusOr<std::string> ShareMemory(const void* data) {
  Shared shared;
  COHORT_RETURN_IF_ERROR(FindAllocation(data, shared));
  COHORT_RETURN_IF_ERROR(ToStatus(cudaIpcGetMemHandle(&shared.handle, const_cast<void*>(data)), "sharing memory with another process"));
  std::string text(sizeof(shared), '\0');
  std::memcpy(text.data(), &shared, sizeof(shared));
  return text;
}

SharedMemory::~SharedMemory() {
  while (!open_.empty()) CloseOldest();
}

void SharedMemory::CloseOldest() {
  cudaIpcCloseMemHandle(open_.front().base);
  open_.pop_front();
}

absl::StatusOr<const void*> SharedMemory::Open(const std::string& text) {
  Shared shared;
  if (text.size() != sizeof(shared)) return absl::InvalidArgumentError(absl::StrCat("shared memory is named by ", sizeof(shared), " bytes, not ", text.size()));
  std::memcpy(&shared, text.data(), sizeof(shared));
  const std::string handle(shared.handle.reserved, sizeof(shared.handle.reserved));
  const auto known = std::find_if(open_.begin(), open_.end(), [&](const Allocation& allocation) { return allocation.handle == handle; });
  if (known != open_.end() && known->id == shared.id) return static_cast<const char*>(known->base) + shared.offset;
  // The handle would still lead to the freed allocation.
  if (known != open_.end()) {
    while (!open_.empty()) CloseOldest();
  }
  if (open_.size() == kMostOpen) CloseOldest();
  void* base = nullptr;
  COHORT_RETURN_IF_ERROR(ToStatus(cudaIpcOpenMemHandle(&base, shared.handle, cudaIpcMemLazyEnablePeerAccess), "opening another process's memory"));
  open_.push_back({handle, shared.id, base});
  return static_cast<const char*>(base) + shared.offset;
}

}  // namespace cohort::cuda
