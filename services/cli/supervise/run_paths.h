#pragma once

#include <string>
#include <utility>

#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::cli {

// Where the parts of a run lie. The learner writes the training outputs, the launcher what stands under launch/, logs/, redis/ and evaluation/, and at
// the end summary.json and report.html.
class RunPaths {
 public:
  explicit RunPaths(std::string root) : root_(std::move(root)) {
    while (root_.size() > 1 && root_.back() == '/') root_.pop_back();
  }
  static RunPaths Of(const config::v1::RunConfig& config) {
    return RunPaths(config.run().directory().empty() ? "runs/" + config.run().name() : config.run().directory());
  }

  const std::string& root() const { return root_; }
  // Written by the learner.
  std::string identity() const { return root_ + "/run.json"; }
  std::string config() const { return root_ + "/config.yaml"; }
  std::string model() const { return root_ + "/model"; }
  std::string steps() const { return root_ + "/steps.jsonl"; }
  std::string tensorboard() const { return root_ + "/tensorboard"; }
  // Written by the launcher.
  std::string launch() const { return root_ + "/launch"; }
  std::string resolved_config() const { return root_ + "/launch/config.yaml"; }
  std::string lock() const { return root_ + "/launch/lock"; }
  std::string endpoint(const std::string& service) const { return root_ + "/launch/" + service + ".json"; }
  std::string logs() const { return root_ + "/logs"; }
  std::string log(const std::string& service) const { return root_ + "/logs/" + service + ".log"; }
  std::string redis() const { return root_ + "/redis"; }
  std::string evaluations() const { return root_ + "/evaluation"; }
  std::string evaluation(const std::string& when) const { return root_ + "/evaluation/" + when + ".json"; }
  std::string summary() const { return root_ + "/summary.json"; }
  std::string report() const { return root_ + "/report.html"; }

 private:
  std::string root_;
};

}  // namespace cohort::cli
