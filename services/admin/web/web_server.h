#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/admin/access/access.h"
#include "services/admin/cluster/cluster.h"
#include "services/admin/cluster/queue_rates.h"

namespace cohort::admin {

// The live page over plain HTTP: read-only, one page without external assets, and the JSON it lives on:
//   /             the page
//   /api/status   ClusterStatus, and all rollout workers
//   /api/steps?from=N  what the curves show of steps N and later, column by column; at most 5,000 steps
//   /api/samples  the latest completions
// With a token file, a caller shows its token as `Authorization: Bearer TOKEN` or as `?token=TOKEN`. Thread-safe.
class WebServer {
 public:
  struct Options {
    std::string address;        // "127.0.0.1:0" picks a free port. Other than loopback needs `allow_remote`.
    bool allow_remote = false;
  };
  // INVALID_ARGUMENT for an address that is not allowed, UNAVAILABLE when it cannot be bound. Everything outlives the server.
  static absl::StatusOr<std::unique_ptr<WebServer>> Start(Options options, Cluster& cluster, QueueRates& queue, Access& access);
  ~WebServer();

  // host:port
  std::string address() const;

 private:
  class Impl;
  explicit WebServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The page.
extern const char kPage[];

}  // namespace cohort::admin
