#include "services/cli/grade/service_finder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/service_tls.h"
#include "common/status/status_macros.h"

namespace cohort::cli {
namespace {

constexpr absl::Duration kReadyPatience = absl::Seconds(30);

}  // namespace

void ServiceOptions::AddFlags(CLI::App& command) {
  command.add_option("--endpoint", endpoint, "host:port of a reward service (default: a private one is started)");
  command.add_option("--workers", workers, "sandboxed workers of the private service; 0 is one per core")->check(CLI::Range(0, 1024))->capture_default_str();
  command.add_option("--check-deadline-ms", check_deadline_ms, "time of one check before its worker is killed (private service)")
      ->check(CLI::Range(1, 60'000))
      ->capture_default_str();
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> ServiceFinder::Connect() {
  const absl::Time deadline = absl::Now() + kReadyPatience;
  if (!options_.endpoint.empty()) return ConnectTo(options_.endpoint, deadline, nullptr);
  for (;;) {  // A private service that was killed may still be about to end.
    COHORT_RETURN_IF_ERROR(EnsurePrivate(deadline));
    auto channel = ConnectTo(private_->address(), deadline, [this] { return !private_->running(); });
    if (channel.ok() || private_->running() || absl::Now() >= deadline) return channel;
  }
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> ServiceFinder::ConnectTo(const std::string& address, absl::Time deadline,
                                                                        const std::function<bool()>& cancelled) {
  COHORT_RETURN_IF_ERROR(rpc::CheckServiceTls());
  auto channel = rpc::Connect(address);
  COHORT_RETURN_IF_ERROR(rpc::WaitUntilReady(channel, absl::StrCat("reward service at ", address), "readiness", deadline, cancelled));
  return channel;
}

absl::Status ServiceFinder::EnsurePrivate(absl::Time deadline) {
  if (private_ != nullptr) return private_->EnsureRunning(deadline);
  const std::string program = options_.grades_code ? "cohort-coderunner" : "cohort-reward";
  std::vector<std::string> flags = {"--name", "reward-grade"};
  if (options_.grades_code) {
    flags.insert(flags.end(), {"--slots", absl::StrCat(options_.workers)});
    if (options_.allow_weak_isolation) flags.push_back("--allow-weak-isolation");
  } else {
    flags.insert(flags.end(), {"--sandbox-workers", absl::StrCat(options_.workers), "--check-deadline-ms", absl::StrCat(options_.check_deadline_ms)});
  }
  COHORT_ASSIGN_OR_RETURN(private_, PrivateRewardService::Start(program, std::move(flags), deadline));
  return absl::OkStatus();
}

}  // namespace cohort::cli
