#pragma once

#include <optional>
#include <string>

#include "common/rpc/service_flags.h"
#include "services/coderunner/judge/judgement_pool.h"
#include "services/coderunner/language/language.h"
#include "services/coderunner/sandbox/command.h"

namespace cohort::coderunner {

// The command line of cohort-coderunner.
struct Flags : rpc::ServiceFlags {
  Flags() : ServiceFlags("coderunner-0") {}

  int slots = 0;  // 0: one per core.
  size_t queue_capacity = 4096;
  size_t cache_entries = 65'536;
  std::string work_directory = "/tmp";
  Toolchain toolchain;
  std::optional<Walls> walls;  // Not set: the strongest that can be built here.
  bool allow_weak_isolation = false;

  JudgementPool::Options PoolOptions() const;
};

// Fills `flags`. Returns the exit code when the program should end now (0 after --help, 2 for wrong usage), else -1.
int ParseFlags(int argc, char** argv, Flags* flags);

}  // namespace cohort::coderunner
