#include "common/config/memory.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/model/model_config.h"
#include "common/model/published_sizes.h"

namespace cohort::config {
namespace {

std::vector<model::MemoryNeed> LearnerNeeds(const v1::RunConfig& config, const model::ModelConfig& model, const model::ArenaLayout& layout) {
  const auto& algorithm = config.algorithm();
  const model::TrainingShape shape = TrainingShapeOf(config.optimizer(), algorithm.kl_coefficient() > 0, algorithm.minibatches() > 1, BroadcastsWeights(config),
                                                     model::ContextFor(model, LongestSequence(config)));
  return model::TrainingNeeds(model, layout, shape);
}

std::vector<model::MemoryNeed> WorkerNeeds(const v1::RunConfig& config, const model::ModelConfig& model, const model::ArenaLayout& layout) {
  model::SamplingShape shape;
  shape.max_batch = config.rollout().max_batch();
  shape.max_context = model::ContextFor(model, LongestSequence(config));
  shape.broadcasts = BroadcastsWeights(config);
  shape.kv_bytes = config.rollout().kv_megabytes() << 20;
  return model::SamplingNeeds(model, layout, shape);
}

// By the checkpoint's config.json; where there is none yet, those published for a model of its name, which is noted.
absl::StatusOr<model::ModelConfig> SizesOf(const std::string& path, std::vector<DerivedQuantity>& notes) {
  absl::StatusOr<model::ModelConfig> sizes = model::LoadModelConfig(path);
  if (!absl::IsNotFound(sizes.status())) return sizes;
  const std::optional<model::ModelConfig> published = model::SizesByName(path);
  if (!published.has_value()) return sizes;
  notes.push_back({"sizes of the model", absl::StrCat("as published; there is no ", path, "/config.json here")});
  return *published;
}

}  // namespace

model::TrainingShape TrainingShapeOf(const v1::OptimizerSection& optimizer, bool reference, bool may_go_back, bool broadcasts, int64_t longest_sequence) {
  model::TrainingShape shape;
  shape.pass_tokens = std::max<int64_t>(optimizer.micro_batch_tokens(), longest_sequence);
  shape.broadcasts = broadcasts;
  shape.checkpoints = optimizer.activation_checkpointing();
  shape.reference = reference;
  shape.reference_on_host = optimizer.reference_on_host();
  shape.may_go_back = may_go_back;
  return shape;
}

std::vector<DerivedQuantity> DeriveMemory(const v1::RunConfig& config) {
  const bool learner = config.optimizer().device() == v1::DEVICE_CUDA || config.optimizer().device() == v1::DEVICE_AUTO;
  const bool worker = config.rollout().device() == v1::DEVICE_CUDA || (learner && config.rollout().device() == v1::DEVICE_AUTO);
  if (!learner && !worker) return {};
  std::vector<DerivedQuantity> quantities;
  const absl::StatusOr<model::ModelConfig> sizes = SizesOf(config.model().path(), quantities);
  if (!sizes.ok()) return {{"GPU memory", absl::StrCat("unknown: ", sizes.status().message())}};
  const absl::StatusOr<model::ArenaLayout> layout = model::ArenaLayout::Create(*sizes);
  if (!layout.ok()) return {{"GPU memory", absl::StrCat("unknown: ", layout.status().message())}};
  const auto learner_needs = LearnerNeeds(config, *sizes, *layout), worker_needs = WorkerNeeds(config, *sizes, *layout);
  if (learner) quantities.push_back({"GPU memory of the learner", model::NeedsText(learner_needs)});
  if (worker) quantities.push_back({"GPU memory of a worker", model::NeedsText(worker_needs)});
  const int64_t gpus = std::max(config.rollout().gpus(), 1), shared = config.optimizer().gpu() - config.rollout().first_gpu();
  if (learner && worker && shared >= 0 && shared < gpus) {
    const int64_t workers = (config.rollout().workers() + gpus - 1 - shared) / gpus;
    quantities.push_back({absl::StrCat("GPU ", config.optimizer().gpu(), " in all"),
                          absl::StrCat(model::SizeText(model::Sum(learner_needs) + workers * model::Sum(worker_needs)), ": the learner and ", workers,
                                       workers == 1 ? " worker" : " workers")});
  }
  return quantities;
}

}  // namespace cohort::config
