#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/process/child_process.h"
#include "common/testing/temp_dir.h"

namespace cohort::testing {

// How a call of `cohort` ended.
struct CliResult {
  int exit_code = -1;   // -1: it was still running at the deadline.
  std::string output;   // stdout and stderr.
};

// Runs `cohort ARGUMENTS` in the source directory and waits for its end, a minute at most unless said.
CliResult RunCli(const std::vector<std::string>& arguments, absl::Duration patience = absl::Minutes(1));

// The same, left running; its output goes to `log`.
std::unique_ptr<process::ChildProcess> StartCli(const std::vector<std::string>& arguments, const std::string& log);

// A checkpoint directory with weights: the shipped tiny model, or the one that COHORT_TEST_MODEL names.
std::string TestModel();

// Children of process `pid` whose program begins with `name`.
std::vector<pid_t> ChildrenOf(pid_t pid, const std::string& name);

}  // namespace cohort::testing
