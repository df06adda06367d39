#include "services/cli/supervise/service_specs.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/process/child_process.h"
#include "common/process/free_port.h"
#include "common/redis/connection.h"
#include "common/rpc/client.h"
#include "common/status/status_macros.h"

namespace cohort::cli {
namespace {

constexpr char kAnyPort[] = "127.0.0.1:0";
constexpr char kReadiness[] = "readiness";

// A busy neighbour must not be waited for with a spinning core: several processes share the machine. The port for probes is one process's alone.
std::map<std::string, std::string> ServiceEnvironment() { return {{"OMP_WAIT_POLICY", "passive"}, {"COHORT_PROBE_LISTEN", ""}}; }

// The flags every Cohort service has.
std::vector<std::string> CommonFlags(const RunPaths& paths, const std::string& name, const Endpoint* previous) {
  return {"--listen",         previous != nullptr ? previous->grpc : kAnyPort,
          "--metrics-listen", previous != nullptr && !previous->metrics.empty() ? previous->metrics : kAnyPort,
          "--name",           name,
          "--endpoint-file",  paths.endpoint(name)};
}

void Append(std::vector<std::string>& command, std::vector<std::string> more) {
  command.insert(command.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// What the specs of Cohort's own services have in common; `flags` may depend on whether this is a restart.
absl::StatusOr<ServiceSpec> CohortSpec(const RunPaths& paths, const std::string& program, const std::string& name, const std::string& health,
                                       std::function<std::vector<std::string>(bool restart)> flags) {
  COHORT_ASSIGN_OR_RETURN(const std::string binary, FindProgram(program));
  ServiceSpec spec;
  spec.name = name;
  spec.environment = ServiceEnvironment();
  spec.log_file = paths.log(name);
  spec.command = [=](const Endpoint* previous) {
    std::vector<std::string> command = {binary};
    Append(command, flags(previous != nullptr));
    Append(command, CommonFlags(paths, name, previous));
    return command;
  };
  spec.find_endpoint = [file = paths.endpoint(name)](pid_t pid) -> absl::StatusOr<Endpoint> {
    COHORT_ASSIGN_OR_RETURN(Endpoint endpoint, ReadEndpointFile(file));
    if (endpoint.pid != pid) return absl::NotFoundError("the file is of an earlier process");
    return endpoint;
  };
  spec.probe = [health](const Endpoint& endpoint, absl::Time deadline) {
    return rpc::WaitUntilReady(rpc::Connect(endpoint.grpc), endpoint.grpc, health, deadline);
  };
  return spec;
}

absl::StatusOr<std::string> FindInPath(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string directories = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  for (size_t begin = 0; begin <= directories.size();) {
    const size_t end = std::min(directories.find(':', begin), directories.size());
    const std::string candidate = absl::StrCat(directories.substr(begin, end - begin), "/", name);
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
    begin = end + 1;
  }
  return absl::NotFoundError(absl::StrCat(name, ": not found in PATH; install it (apt-get install redis-server), or set queue.redis_address to a server"));
}

}  // namespace

absl::StatusOr<std::string> FindProgram(const std::string& name) {
  const std::string path = absl::StrCat(process::BinaryDirectory(), "/", name);
  if (access(path.c_str(), X_OK) == 0) return path;
  return absl::NotFoundError(absl::StrCat(path, ": not found; the services lie beside `cohort`: build them (ninja ", name, ")"));
}

absl::StatusOr<ServiceSpec> RedisSpec(const RunPaths& paths) {
  COHORT_ASSIGN_OR_RETURN(const std::string binary, FindInPath("redis-server"));
  struct State {
    int port = 0;
    bool served = false;  // From then on the port stays.
  };
  const auto state = std::make_shared<State>();
  ServiceSpec spec;
  spec.name = "redis-server";
  spec.log_file = paths.log(spec.name);
  spec.command = [=](const Endpoint*) {
    if (!state->served) state->port = process::PickFreePort().value_or(0);
    return std::vector<std::string>{binary,           "--port",           absl::StrCat(state->port), "--bind",       "127.0.0.1",  "--dir",
                                    std::filesystem::absolute(paths.redis()).string(),               "--appendonly", "yes",        "--appendfsync",
                                    "everysec",       "--save",           "",                        "--daemonize",  "no",         "--maxmemory-policy",
                                    "noeviction"};
  };
  spec.find_endpoint = [state](pid_t pid) -> absl::StatusOr<Endpoint> { return Endpoint{pid, absl::StrCat("127.0.0.1:", state->port), ""}; };
  spec.probe = [state](const Endpoint& endpoint, absl::Time deadline) -> absl::Status {
    redis::Connection connection({.address = endpoint.grpc, .client_name = "cohort-launcher"});
    COHORT_RETURN_IF_ERROR(connection.Command({"PING"}, deadline, redis::LostReply::kRepeat).status());
    state->served = true;
    return absl::OkStatus();
  };
  return spec;
}

absl::StatusOr<ServiceSpec> RewardSpec(const RunPaths& paths, int sandbox_workers, double check_deadline_ms, const std::string& redis,
                                       const std::string& run) {
  return CohortSpec(paths, "cohort-reward", "cohort-reward", kReadiness, [=](bool) {
    std::vector<std::string> flags = {"--sandbox-workers", absl::StrCat(sandbox_workers), "--check-deadline-ms",
                                      absl::StrCat(std::max<int64_t>(1, std::llround(check_deadline_ms)))};
    if (!redis.empty()) Append(flags, {"--redis", redis, "--run", run});
    return flags;
  });
}

absl::StatusOr<ServiceSpec> CoderunnerSpec(const RunPaths& paths, int slots, bool allow_weak_isolation, const std::string& redis, const std::string& run) {
  return CohortSpec(paths, "cohort-coderunner", "cohort-coderunner", kReadiness, [=](bool) {
    std::vector<std::string> flags = {"--slots", absl::StrCat(slots)};
    if (allow_weak_isolation) flags.push_back("--allow-weak-isolation");
    if (!redis.empty()) Append(flags, {"--redis", redis, "--run", run});
    return flags;
  });
}

absl::StatusOr<ServiceSpec> AdminSpec(const RunPaths& paths, const std::string& redis, const std::string& run) {
  // The page stays where it was when the service is restarted.
  const auto page = [file = paths.endpoint("cohort-admin")] { return ReadEndpointFile(file).value_or(Endpoint()).web; };
  COHORT_ASSIGN_OR_RETURN(ServiceSpec spec, CohortSpec(paths, "cohort-admin", "cohort-admin", kReadiness, [=](bool restart) {
                            const std::string web = restart ? page() : "";
                            return std::vector<std::string>{"--redis", redis, "--run", run, "--web-listen", web.empty() ? kAnyPort : web};
                          }));
  spec.dispensable = true;
  return spec;
}

absl::StatusOr<ServiceSpec> LearnerSpec(const RunPaths& paths, const LearnerPlace& place) {
  // It is ready when it has published its first policy, for which it may need no worker; starting to listen is what the launcher waits for.
  COHORT_ASSIGN_OR_RETURN(ServiceSpec spec, CohortSpec(paths, "cohort-learner", "cohort-learner", "liveness", [=](bool restart) {
    std::vector<std::string> flags = {"run", paths.resolved_config(), "--redis", place.redis, "--reward", place.reward};
    if (place.resume || restart) flags.push_back("--resume");
    return flags;
  }));
  spec.environment.insert(place.environment.begin(), place.environment.end());
  return spec;
}

absl::StatusOr<ServiceSpec> FollowerSpec(const RunPaths& paths, int index, const std::string& run, const std::string& leader, int gpu) {
  return CohortSpec(paths, "cohort-learner", absl::StrCat("cohort-follower-", index), "liveness", [=](bool) {
    return std::vector<std::string>{"follow", "--leader", leader, "--run", run, "--gpu", absl::StrCat(gpu)};
  });
}

absl::StatusOr<ServiceSpec> RolloutSpec(const RunPaths& paths, int index, const RolloutPlace& place) {
  COHORT_ASSIGN_OR_RETURN(ServiceSpec spec, CohortSpec(paths, "cohort-rollout", absl::StrCat("cohort-rollout-", index), "liveness",
                                                       [=, path = paths.resolved_config()](bool) {
                                                         return std::vector<std::string>{"--config",  path,          "--redis",  place.redis,
                                                                                         "--learner", place.learner, "--reward", place.reward,
                                                                                         "--gpu",     absl::StrCat(place.gpu)};
                                                       }));
  spec.environment.insert(place.environment.begin(), place.environment.end());
  spec.may_leave = true;
  return spec;
}

absl::StatusOr<ServiceSpec> StandaloneSpec(const RunPaths& paths, const std::string& name, const StandalonePlace& place) {
  return CohortSpec(paths, "cohort-rollout", name, kReadiness, [=](bool) {
    std::vector<std::string> flags = {"--standalone", "--model",     place.model, "--threads", absl::StrCat(place.threads),
                                      "--max-batch",  absl::StrCat(place.max_batch)};
    Append(flags, place.flags);
    return flags;
  });
}

}  // namespace cohort::cli
