#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "proto/cohort/reward/v1/reward_service.pb.h"

namespace cohort::rollout {

// What the command line of cohort-rollout says, completed from the run's config where one is given.
struct WorkerOptions {
  std::string listen = "127.0.0.1:0";
  std::string metrics_listen = "127.0.0.1:0";
  std::string name = "cohort-rollout-0";
  std::string advertise_host;             // For the registry; empty: the one of `listen`.
  std::string endpoint_file;
  bool allow_remote = false;

  std::string config;                     // The run's YAML file; fills in what the flags leave open.
  std::vector<std::string> overrides;     // --set
  bool standalone = false;                // Serve the model's own weights, without learner, reward service or queue.
  std::string model;                      // Hugging Face checkpoint directory.
  std::string run;
  std::string learner;
  std::string reward;
  std::string redis;

  config::v1::Device device = config::v1::DEVICE_AUTO;
  int threads = 1;
  int max_batch = 128;
  int64_t max_context = 0;                // 0: what the run's config needs; without one the model's limit, but no more than 4,096.
  int64_t longest_sequence = 0;           // Of the run, from its config; no flag.
  int gpu = 0;                            // Used when the device is a GPU.
  int64_t kv_megabytes = 0;               // 0: 2,048 on processors, what is free on a GPU.
  bool broadcasts = true;                 // On a GPU, have room for weights that the learner broadcasts.
  int group_size = 0;                     // 0: learnt from the first task.
  double lease_seconds = 10;
  int max_attempts = 5;
  reward::v1::Template format = reward::v1::TEMPLATE_R1_ZERO;
  bool think_prefilled = false;
  std::string policy = "exact";            // What counts as equal; from the run's config.
  reward::v1::AuxiliaryRequest auxiliary;  // What the run's config gives a weight; no flags.
  int finishers = 4;                      // Groups graded and handed in at the same time.
  double grace_seconds = 5;
  double start_timeout_seconds = 60;      // To reach the queue for the first time.

  absl::Duration lease() const { return absl::Seconds(lease_seconds); }
};

// Declares the flags on `app`; they are written into `options` when the command line is parsed.
void AddWorkerFlags(CLI::App& app, WorkerOptions& options);

// After parsing: takes from the config what no flag gave, and checks that nothing is missing. INVALID_ARGUMENT names the flag.
absl::Status CompleteOptions(const CLI::App& app, WorkerOptions& options);

}  // namespace cohort::rollout
