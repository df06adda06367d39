#include "services/cli/launch/nccl_environment.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "absl/strings/str_cat.h"

namespace cohort::cli {
namespace {

// Whether a rank before `worker` computes on its GPU.
bool SharesItsGpu(const config::v1::RunConfig& config, int worker) {
  std::set<int> taken = {config.optimizer().gpu()};
  for (int before = 0; before < worker; ++before) taken.insert(GpuOfWorker(config, before));
  return taken.count(GpuOfWorker(config, worker)) > 0;
}

}  // namespace

int GpuOfWorker(const config::v1::RunConfig& config, int worker) { return config.rollout().first_gpu() + worker % std::max(config.rollout().gpus(), 1); }

std::map<std::string, std::string> NcclEnvironment(const config::v1::RunConfig& config, int worker) {
  std::map<std::string, std::string> environment = {{"NCCL_SOCKET_IFNAME", "lo"}};
  bool anyone_shares = false;
  for (int i = 0; i < config.rollout().workers(); ++i) anyone_shares = anyone_shares || SharesItsGpu(config, i);
  // The ranks must agree on the network.
  if (anyone_shares) environment["NCCL_NET"] = "Socket";
  if (worker >= 0 && SharesItsGpu(config, worker)) environment["NCCL_HOSTID"] = absl::StrCat("cohort-", config.run().name(), "-", worker);
  for (auto it = environment.begin(); it != environment.end();) it = std::getenv(it->first.c_str()) != nullptr ? environment.erase(it) : std::next(it);
  return environment;
}

}  // namespace cohort::cli
