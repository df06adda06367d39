#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "proto/cohort/config/v1/pretrain.pb.h"

namespace cohort::learner {

// How far a pre-training run is.
struct PretrainProgress {
  int64_t step = 0;              // Finished steps.
  int64_t steps = 0;
  double loss = 0;               // Mean over the step's learnt tokens, in nats.
  double learning_rate = 0;
  double gradient_norm = 0;      // Before clipping.
  double tokens_per_second = 0;  // All tokens, of the whole run so far.
  double seconds_left = 0;
};

// Trains a model on text from random weights and writes the Hugging Face checkpoint, in one go. `on_step` is called after every step on the calling
// thread; an error from it ends the run with that error and nothing written. Blocks until the end. Deterministic for a given number of threads.
//
// INVALID_ARGUMENT and NOT_FOUND name what is wrong with the architecture, the data or the output before training begins; ALREADY_EXISTS: the output
// holds other weights; FAILED_PRECONDITION (reason NON_FINITE): the loss ran away; RESOURCE_EXHAUSTED: disk or memory is full. The output directory
// is as before unless the run succeeds.
absl::Status RunPretrain(const config::v1::PretrainConfig& config, const std::function<absl::Status(const PretrainProgress&)>& on_step);

}  // namespace cohort::learner
