#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/learner/loop/step_collector.h"

namespace cohort::learner {

// The command line of `cohort-learner run`.
struct LearnerOptions {
  std::string config;                               // YAML file.
  std::vector<std::string> overrides;               // "section.field=value".
  std::string redis;                                // host:port; empty takes queue.redis_address of the config.
  std::string reward;                               // host:port.
  bool resume = false;                              // Go on with the run that the run directory holds.
  std::string listen = "127.0.0.1:0";               // gRPC.
  std::string metrics_listen = "127.0.0.1:0";       // Prometheus.
  std::string advertise_host;                       // For the registry: where others reach this learner; empty: the host of `listen`.
  std::string endpoint_file;                        // Where to write the addresses once they are bound; empty for nowhere.
  std::string name = "learner";                     // In logs and as the queue's consumer.
  bool allow_remote = false;                        // Listen on other addresses than loopback.
  absl::Duration start_timeout = absl::Seconds(30);  // How long to wait for Redis and the reward service.
  absl::Duration grace = absl::Seconds(5);           // How long calls in progress may take after a stop.
  absl::Duration follower_timeout = absl::Seconds(15);  // A follower of which nothing is heard for so long counts as dead.
  bool exit_when_done = false;                       // End with the run instead of answering for it until a stop.
  StepCollector::Options patience;                  // With a queue from which nothing comes.
};

}  // namespace cohort::learner
