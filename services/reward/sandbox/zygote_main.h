#pragma once

#include <cstdint>

#include "services/reward/sandbox/zygote.h"

namespace cohort::reward {

// What the service asks of the zygote; the socket of the child comes with it.
struct ZygoteRequest {
  uint32_t serial = 0;
  ChildTask task = kWorkerTask;
};

// What the zygote tells the service.
struct ZygoteNotice {
  enum Kind : uint32_t { kSpawned = 1, kEnded = 2 };
  Kind kind = kSpawned;
  uint32_t serial = 0;  // kSpawned: of the request.
  int32_t pid = 0;
  int32_t error = 0;   // kSpawned: errno of a failed fork, else 0.
  int32_t status = 0;  // kEnded: as from waitpid().
};

// Sends or receives `bytes` with at most one descriptor (-1: none); the result of sendmsg() / recvmsg().
ssize_t SendWithDescriptor(int socket, const void* data, size_t bytes, int descriptor);
ssize_t ReceiveWithDescriptor(int socket, void* data, size_t bytes, int* descriptor, int flags);

// The zygote's life: forks on request, reports ends, exits when the service's end of `control` closes. Never returns.
[[noreturn]] void RunZygote(int control, pid_t service, const Zygote::Options& options, const std::vector<sock_filter>& filter);

}  // namespace cohort::reward
