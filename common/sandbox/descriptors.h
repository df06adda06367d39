#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "common/sandbox/unique_fd.h"

namespace cohort::sandbox {

// Most descriptors of one packet.
inline constexpr size_t kMaxDescriptors = 8;

// Sends one packet with at most kMaxDescriptors descriptors, which stay open here; the result of sendmsg().
ssize_t SendWithDescriptors(int socket, const void* data, size_t bytes, const std::vector<int>& descriptors);

// Receives one packet of at most `bytes`, and the descriptors that came with it, closed on exec; the result of recvmsg() with `flags`.
ssize_t ReceiveWithDescriptors(int socket, void* data, size_t bytes, std::vector<UniqueFd>* descriptors, int flags);

}  // namespace cohort::sandbox
