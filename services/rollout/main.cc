#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/sync/signals.h"
#include "services/rollout/worker/worker.h"
#include "services/rollout/worker/worker_options.h"

namespace {

constexpr int kExitUsage = 2;

int ToExitCode(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk: return 0;
    case absl::StatusCode::kInvalidArgument: return kExitUsage;
    case absl::StatusCode::kNotFound: return 3;
    case absl::StatusCode::kDeadlineExceeded: return 4;
    case absl::StatusCode::kUnavailable: return 5;
    default: return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  cohort::log::Initialize(argv[0]);
  CLI::App app("Cohort's rollout worker: samples groups of completions and hands them in to the learner", "cohort-rollout");
  cohort::rollout::WorkerOptions options;
  cohort::rollout::AddWorkerFlags(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  const cohort::sync::SignalWaiter signals;
  absl::Status status = cohort::rollout::CompleteOptions(app, options);
  cohort::log::SetContext(options.run.empty() ? absl::StrCat("worker=", options.name) : absl::StrCat("run=", options.run, " worker=", options.name));
  if (status.ok()) status = cohort::rollout::RunWorker(options, signals.token());
  if (!status.ok()) COHORT_LOG(ERROR) << status.message();
  return ToExitCode(status);
}
