#include "services/cli/admin/admin_client.h"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/cli/supervise/endpoint.h"
#include "services/cli/supervise/run_paths.h"

namespace cohort::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kService[] = "cohort-admin";
constexpr char kRuns[] = "runs";

absl::StatusOr<std::string> OfRunDirectory(const std::string& directory) {
  const std::string file = RunPaths(directory).endpoint(kService);
  const absl::StatusOr<Endpoint> endpoint = ReadEndpointFile(file);
  if (absl::IsNotFound(endpoint.status())) {
    return absl::NotFoundError(absl::StrCat(directory, ": no run with an admin service works here (", file, " is missing)"));
  }
  COHORT_RETURN_IF_ERROR(endpoint.status());
  if (kill(endpoint->pid, 0) != 0 && errno == ESRCH) {
    return absl::NotFoundError(absl::StrCat(directory, ": its admin service (process ", endpoint->pid, ") has ended"));
  }
  return endpoint->grpc;
}

absl::StatusOr<std::string> OfNewestRun() {
  std::error_code error;
  std::string newest;
  fs::file_time_type when = fs::file_time_type::min();
  for (fs::directory_iterator it(kRuns, error), end; !error && it != end; it.increment(error)) {
    const std::string file = RunPaths(it->path().string()).endpoint(kService);
    std::error_code missing;
    const auto written = fs::last_write_time(file, missing);
    if (missing || written < when || !OfRunDirectory(it->path().string()).ok()) continue;
    when = written;
    newest = it->path().string();
  }
  if (!newest.empty()) return OfRunDirectory(newest);
  return absl::NotFoundError("no run with an admin service works below ./runs; pass --endpoint HOST:PORT or --endpoint RUN_DIRECTORY");
}

std::string WhoIsThis() {
  char host[256] = "";
  if (gethostname(host, sizeof(host) - 1) != 0) host[0] = '\0';
  const passwd* user = getpwuid(geteuid());
  return absl::StrCat(user != nullptr ? user->pw_name : absl::StrCat(geteuid()), "@", host);
}

}  // namespace

absl::StatusOr<std::string> FindAdmin(const std::string& given) {
  if (given.empty()) return OfNewestRun();
  std::error_code error;
  if (fs::is_directory(given, error)) return OfRunDirectory(given);
  if (given.rfind(':') == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("--endpoint: '", given, "' is neither HOST:PORT nor a run directory"));
  }
  return given;
}

AdminClient::AdminClient(Options options)
    : options_(std::move(options)), actor_(WhoIsThis()), stub_(admin::v1::AdminService::NewStub(rpc::Connect(options_.address, options_.credentials))) {}

void AdminClient::Prepare(grpc::ClientContext& context, absl::Duration timeout) const {
  rpc::SetDeadline(context, absl::Now() + timeout);
  context.AddMetadata("cohort-actor", actor_);
  if (!options_.token.empty()) context.AddMetadata("authorization", absl::StrCat("Bearer ", options_.token));
}

absl::Status AdminClient::Describe(const absl::Status& status) const {
  if (status.ok()) return status;
  if (absl::IsUnavailable(status) && ErrorReason(status).empty()) {
    return absl::UnavailableError(absl::StrCat("the admin service at ", options_.address, " does not answer: ", status.message(),
                                              options_.credentials == nullptr ? " (if it speaks TLS, pass --tls-ca)" : ""));
  }
  return status;
}

}  // namespace cohort::cli
