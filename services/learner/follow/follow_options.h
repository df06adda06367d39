#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::learner {

// The command line of `cohort-learner follow`.
struct FollowOptions {
  std::string leader;                          // host:port.
  std::string run;                             // The run it is meant for; empty for the leader's, whichever that is.
  int threads = 0;                             // 0: as many as the leader has.
  std::optional<config::v1::Device> device;    // nullopt: as the leader.
  std::optional<int> gpu;                      // Likewise, as this machine counts them.
  std::string listen = "127.0.0.1:0";          // gRPC: health alone.
  std::string metrics_listen = "127.0.0.1:0";  // Prometheus.
  std::string endpoint_file;                   // Where to write the addresses once they are bound; empty for nowhere.
  std::string name;                            // In logs and for the leader; empty: of host and process id.
  bool allow_remote = false;                   // Listen on other addresses than loopback.
  bool exit_when_done = false;                 // End with 0 with the run alone: who is stopped before ends with 1.
};

}  // namespace cohort::learner
