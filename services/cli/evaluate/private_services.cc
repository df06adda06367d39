#include "services/cli/evaluate/private_services.h"

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"
#include "services/cli/supervise/service_specs.h"

namespace cohort::cli {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(5);
constexpr double kCheckDeadlineMs = 1000;
constexpr int kSlotForEachCore = 0;

}  // namespace

PrivateServices::PrivateServices(std::string directory)
    : directory_(std::move(directory)), fleet_([](const std::string& news) { std::cerr << "cohort: " << news << std::endl; }) {}

PrivateServices::~PrivateServices() {
  fleet_.StopAll(kPatience);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

absl::StatusOr<std::unique_ptr<PrivateServices>> PrivateServices::Start(const Options& options) {
  std::error_code error;
  std::string pattern = (std::filesystem::temp_directory_path(error) / "cohort-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat(pattern, ": cannot make a temporary directory"));
  std::unique_ptr<PrivateServices> services(new PrivateServices(pattern));
  const RunPaths paths(pattern);
  COHORT_RETURN_IF_ERROR(io::CreateDirectories(paths.launch()));
  COHORT_RETURN_IF_ERROR(io::CreateDirectories(paths.logs()));
  if (options.reward) COHORT_RETURN_IF_ERROR(services->StartReward(options));
  if (!options.model.empty()) COHORT_RETURN_IF_ERROR(services->StartWorkers(options));
  return services;
}

absl::Status PrivateServices::StartReward(const Options& options) {
  const RunPaths paths(directory_);
  COHORT_ASSIGN_OR_RETURN(ServiceSpec spec, options.grades_code ? CoderunnerSpec(paths, kSlotForEachCore, options.allow_weak_isolation, "", "")
                                                                : RewardSpec(paths, 1, kCheckDeadlineMs));
  spec.start_timeout = options.start_timeout;
  COHORT_ASSIGN_OR_RETURN(const SupervisedService* service, fleet_.Start(std::move(spec)));
  reward_address_ = service->address();
  return absl::OkStatus();
}

absl::Status PrivateServices::StartWorkers(const Options& options) {
  if (!std::filesystem::exists(options.model)) {
    return absl::NotFoundError(absl::StrCat(options.model, ": no such model; give a Hugging Face checkpoint directory, such as runs/quickstart/model"));
  }
  std::vector<ServiceSpec> specs;
  for (int i = 0; i < options.workers; ++i) {
    const StandalonePlace place = {options.model, options.threads, options.max_batch, {"--max-context", absl::StrCat(options.max_context)}};
    COHORT_ASSIGN_OR_RETURN(ServiceSpec spec, StandaloneSpec(RunPaths(directory_), absl::StrCat("worker-", i), place));
    spec.start_timeout = options.start_timeout;
    specs.push_back(std::move(spec));
  }
  COHORT_ASSIGN_OR_RETURN(const std::vector<SupervisedService*> workers, fleet_.StartAll(std::move(specs)));
  for (const SupervisedService* worker : workers) rollout_addresses_.push_back(worker->address());
  return absl::OkStatus();
}

}  // namespace cohort::cli
