#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/rpc/service_tls.h"
#include "common/status/exit_code.h"
#include "common/sync/signals.h"
#include "services/rollout/worker/worker.h"
#include "services/rollout/worker/worker_options.h"

int main(int argc, char** argv) {
  cohort::log::Initialize(argv[0]);
  CLI::App app("Cohort's rollout worker: samples groups of completions and hands them in to the learner", "cohort-rollout");
  cohort::rollout::WorkerOptions options;
  cohort::rollout::AddWorkerFlags(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : cohort::kExitUsage;
  }
  const cohort::sync::SignalWaiter signals;
  absl::Status status = cohort::rollout::CompleteOptions(app, options);
  cohort::log::SetContext(options.run.empty() ? absl::StrCat("worker=", options.name) : absl::StrCat("run=", options.run, " worker=", options.name));
  if (status.ok()) status = cohort::rpc::CheckServiceTls();
  if (status.ok()) status = cohort::rollout::RunWorker(options, signals.token());
  if (!status.ok()) COHORT_LOG(ERROR) << status.message();
  return cohort::ToExitCode(status);
}
