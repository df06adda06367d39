#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/model/arena_layout.h"
#include "common/model/json_fields.h"
#include "common/model/model_config.h"

namespace cohort::model {

// Collects the tensors of a model in the order in which they lie in the arena.
class LayoutBuilder {
 public:
  // Appends a slot of the concatenated rows of `parts`, each row of `columns` elements (0: the slot is a vector). Returns its index.
  int Add(std::string name, std::vector<TensorSlot::Part> parts, int64_t columns = 0);

  std::vector<TensorSlot> slots;
  std::vector<LayerSlots> layers;
  int embedding = -1;
  int final_norm = -1;
  int lm_head = -1;
  int64_t size = 0;  // Elements so far.
};

// What Cohort knows about one family of models. A new family is one file beside qwen2.cc and one line in registry.cc.
struct Architecture {
  absl::string_view name;  // As in config.json's "architectures".
  // Reads the family's fields into `config`; what Cohort does not compute (another activation, a sliding window, …) is an error in `fields`.
  void (*read_config)(JsonFields& fields, ModelConfig& config);
  // Lists the tensors.
  void (*lay_out)(const ModelConfig& config, LayoutBuilder& builder);
};

// nullptr when there is no such architecture.
const Architecture* FindArchitecture(absl::string_view name);
// "Qwen2ForCausalLM, …", for messages.
std::string SupportedArchitectures();

}  // namespace cohort::model
