#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "common/sync/bounded_queue.h"
#include "services/rollout/engine/engine.h"

namespace cohort::rollout {

// What the engine loop tells a Generate call. `prompt` is the index in the job.
struct GenerateEvent {
  int prompt = 0;
  std::variant<SampledToken, FinishedGroup> what;
};

// A Generate call's prompts on their way through the engine. The loop takes them one by one as they fit; the call reads events. Shared by both.
struct GenerateJob {
  explicit GenerateJob(std::vector<GroupRequest> requests_in) : requests(std::move(requests_in)), events(kMostEvents) {}

  static constexpr int64_t kMostEvents = 1 << 16;

  const std::vector<GroupRequest> requests;   // Their ids are set by the loop.
  sync::BoundedQueue<GenerateEvent> events;   // A reader that lets it fill up loses the job.
  std::atomic<bool> cancelled{false};         // The reader is gone.
  size_t added = 0;                           // Prompts given to the engine; the loop's own.
};

}  // namespace cohort::rollout
