#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/model/arena.h"
#include "common/model/arena_layout.h"
#include "common/model/model_config.h"
#include "common/sync/thread.h"
#include "services/learner/train/language_model.h"

namespace cohort::learner {

// What one worker computes with: activations and a gradient of its own.
struct GradientWorker {
  LanguageModel language_model;
  model::Arena gradient;
};

// The threads of a trainer. Each works through its own share of a batch with single-threaded products, so that threads meet once a batch and not twice
// an operation: small products lose little to waiting, and a busy neighbour slows the trainer down by its share of the processor and no more. A model
// too large for one gradient a thread has one worker, whose products use all threads.
//
// Deterministic for a given number of threads: shares are the caller's, gradients are added in the workers' order. Not thread-safe.
class GradientWorkers {
 public:
  // Gradients take at most this much memory, or that of one.
  static constexpr int64_t kMostGradientBytes = int64_t{1} << 30;

  GradientWorkers(const model::ModelConfig& config, const model::ArenaLayout& layout, double temperature, int threads);
  ~GradientWorkers();

  int64_t count() const { return static_cast<int64_t>(workers_.size()); }
  GradientWorker& worker(int64_t index) { return *workers_[index]; }
  const GradientWorker& worker(int64_t index) const { return *workers_[index]; }

  // Calls body(index, worker) for every worker, at the same time, and returns when all have; the first worker's runs on the calling thread. Returns
  // the first worker's error. The body does not throw.
  absl::Status Run(const std::function<absl::Status(int64_t index, GradientWorker& worker)>& body);

  // Sets all gradients to 0.
  void ClearGradients();

  // Adds the other gradients to the first worker's and returns that.
  model::Arena& SumGradients();

 private:
  using Body = std::function<absl::Status(int64_t, GradientWorker&)>;

  // Body of the thread of worker `index`.
  void Serve(int64_t index);
  void Call(int64_t index, const Body& body);

  const int threads_of_worker_;
  std::vector<std::unique_ptr<GradientWorker>> workers_;
  std::vector<absl::Status> outcomes_;  // Of each worker in the latest Run.

  absl::Mutex mutex_;
  const Body* body_ ABSL_GUARDED_BY(mutex_) = nullptr;
  int64_t run_ ABSL_GUARDED_BY(mutex_) = 0;      // Counts calls of Run.
  int64_t running_ ABSL_GUARDED_BY(mutex_) = 0;  // Threads that have not finished the current run.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<sync::Thread> threads_;  // Of all workers but the first.
};

}  // namespace cohort::learner
