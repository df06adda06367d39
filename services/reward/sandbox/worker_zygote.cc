#include "services/reward/sandbox/worker_zygote.h"

#include "common/status/status_macros.h"
#include "services/reward/sandbox/worker_main.h"

namespace cohort::reward {

absl::StatusOr<std::unique_ptr<sandbox::Zygote>> ForkZygote(ZygoteOptions options) {
  COHORT_ASSIGN_OR_RETURN(const sandbox::SyscallFilter filter, CompileSyscallFilter());
  return sandbox::Zygote::Fork([&](int socket, uint32_t task) {
    RunChild(socket, task, options.lockdown, filter, options.faults, options.secret);
  });
}

}  // namespace cohort::reward
