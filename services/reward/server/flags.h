#pragma once

#include <string>

#include "services/reward/sandbox/worker_pool.h"

namespace cohort::reward {

// The command line of cohort-reward.
struct Flags {
  std::string listen = "127.0.0.1:0";
  std::string metrics_listen = "127.0.0.1:0";
  bool allow_remote = false;
  std::string advertise_host;  // For the registry; empty: the one of `listen`.
  std::string name = "reward-0";
  std::string endpoint_file;
  std::string redis;  // With `run`: the registry to stand in; empty for none.
  std::string run;
  int sandbox_workers = 0;  // 0: one per core.
  int check_deadline_ms = 100;
  size_t queue_capacity = 65'536;
  size_t cache_entries = 65'536;

  WorkerPool::Options PoolOptions() const;
};

// Fills `flags`. Returns the exit code when the program should end now (0 after --help, 2 for wrong usage), else -1.
int ParseFlags(int argc, char** argv, Flags* flags);

}  // namespace cohort::reward
