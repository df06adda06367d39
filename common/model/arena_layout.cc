#include "common/model/arena_layout.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/model/architectures/architecture.h"

namespace cohort::model {
namespace {

constexpr int64_t kAlignment = 16;                   // Elements: 64 bytes of fp32, a cache line and an AVX-512 register.
constexpr int64_t kLargestArena = int64_t{1} << 42;  // Elements: 16 TiB, beyond any machine.

}  // namespace

int64_t TensorSlot::size() const {
  int64_t product = 1;
  for (const int64_t extent : shape) product *= extent;
  return product;
}

int LayoutBuilder::Add(std::string name, std::vector<TensorSlot::Part> parts, int64_t columns) {
  TensorSlot slot;
  slot.name = std::move(name);
  slot.offset = size;
  int64_t rows = 0;
  for (const auto& part : parts) rows += part.rows;
  slot.shape = columns == 0 ? std::vector<int64_t>{rows} : std::vector<int64_t>{rows, columns};
  slot.parts = std::move(parts);
  size += (slot.size() + kAlignment - 1) / kAlignment * kAlignment;
  slots.push_back(std::move(slot));
  return static_cast<int>(slots.size()) - 1;
}

absl::StatusOr<ArenaLayout> ArenaLayout::Create(const ModelConfig& config) {
  const Architecture* architecture = FindArchitecture(config.architecture);
  if (architecture == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("architecture '", config.architecture, "' is not supported; supported: ", SupportedArchitectures()));
  }
  LayoutBuilder builder;
  architecture->lay_out(config, builder);
  if (builder.size > kLargestArena) return absl::InvalidArgumentError(absl::StrCat("a model of ", builder.size, " parameters cannot be held"));
  ArenaLayout layout;
  layout.slots_ = std::move(builder.slots);
  layout.layers_ = std::move(builder.layers);
  layout.embedding_ = builder.embedding;
  layout.final_norm_ = builder.final_norm;
  layout.lm_head_ = builder.lm_head;
  layout.size_ = builder.size;
  return layout;
}

}  // namespace cohort::model
