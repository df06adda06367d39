#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace cohort::nccl {

// The NCCL that this process loaded, such as "2.28.9". Processes that form a communicator must have the same.
absl::StatusOr<std::string> LibraryVersion();

// A fresh identity for one communicator (128 bytes), by which its ranks find the process that made it: that process keeps listening until all ranks
// have come. Needs no GPU. NCCL_SOCKET_IFNAME chooses the network interface.
absl::StatusOr<std::string> NewCommunicatorId();

}  // namespace cohort::nccl
