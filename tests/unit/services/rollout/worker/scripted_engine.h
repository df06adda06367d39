#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "services/rollout/engine/engine.h"

namespace cohort::rollout {

// An engine that computes nothing: it has `room` places for groups, refuses prompts that begin with kRefused, and remembers who has a place. `weights` and `step`
// are what it says to the calls that may fail.
class ScriptedEngine final : public Engine {
 public:
  static constexpr int32_t kRefused = -1;

  ScriptedEngine() = default;
  ScriptedEngine(absl::Status weights, absl::Status step) : weights_(std::move(weights)), step_(std::move(step)) {}

  absl::Status SetWeights(std::shared_ptr<const model::Arena>, int64_t) override { return weights_; }
  int64_t version() const override { return 0; }
  absl::Status Add(GroupRequest request) override {
    if (!request.prompt.empty() && request.prompt[0] == kRefused) return absl::InvalidArgumentError("makes no sense");
    if (static_cast<int>(groups.size()) >= room) return absl::ResourceExhaustedError("full");
    const int64_t id = request.id;
    groups.emplace(id, std::move(request));
    return absl::OkStatus();
  }
  absl::Status Step() override { return step_; }
  std::vector<FinishedGroup> TakeFinished() override { return {}; }
  std::vector<SampledToken> TakeTokens() override { return {}; }
  void Abort(int64_t id) override { groups.erase(id); }
  void AbortSample(int64_t, int) override {}
  EngineLoad load() const override { return {.groups = static_cast<int>(groups.size())}; }
  int64_t max_context() const override { return 1024; }

  int room = 100;
  std::map<int64_t, GroupRequest> groups;  // By id.

 private:
  const absl::Status weights_, step_;
};

}  // namespace cohort::rollout
