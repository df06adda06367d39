#include "services/learner/checkpoint/checkpoint_writer.h"

#include <memory>
#include <utility>

#include "absl/time/clock.h"

namespace cohort::learner {

void CheckpointWriter::Begin(const RunState& state, TrainerSnapshot snapshot) {
  const auto shared = std::make_shared<const TrainerSnapshot>(std::move(snapshot));
  thread_ = sync::Thread("checkpoint", [this, state, shared] {
    const absl::Time begin = absl::Now();
    Written written{state, store_->Write(state, model_->config, model_->layout, *shared)};
    written.seconds = absl::ToDoubleSeconds(absl::Now() - begin);
    absl::MutexLock lock(&mutex_);
    written_ = std::move(written);
  });
}

std::optional<CheckpointWriter::Written> CheckpointWriter::Poll() {
  absl::MutexLock lock(&mutex_);
  return std::exchange(written_, std::nullopt);
}

std::optional<CheckpointWriter::Written> CheckpointWriter::Wait() {
  thread_.Join();
  return Poll();
}

}  // namespace cohort::learner
