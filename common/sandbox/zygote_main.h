#pragma once

#include <cstdint>

#include "common/sandbox/zygote.h"

namespace cohort::sandbox {

// What the service asks of the zygote; the socket of the child comes with it.
struct ZygoteRequest {
  uint32_t serial = 0;
  uint32_t task = 0;
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

// The zygote's life: forks on request, reports ends, exits when the service's end of `control` closes. Never returns.
[[noreturn]] void RunZygote(int control, pid_t service, const Zygote::ChildMain& child_main);

}  // namespace cohort::sandbox
