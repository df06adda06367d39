#pragma once

#include "common/rpc/service_flags.h"
#include "services/reward/sandbox/worker_pool.h"

namespace cohort::reward {

// The command line of cohort-reward.
struct Flags : rpc::ServiceFlags {
  Flags() : ServiceFlags("reward-0") {}

  int sandbox_workers = 0;  // 0: one per core.
  int check_deadline_ms = 100;
  size_t queue_capacity = 65'536;
  size_t cache_entries = 65'536;

  WorkerPool::Options PoolOptions() const;
};

// Fills `flags`. Returns the exit code when the program should end now (0 after --help, 2 for wrong usage), else -1.
int ParseFlags(int argc, char** argv, Flags* flags);

}  // namespace cohort::reward
