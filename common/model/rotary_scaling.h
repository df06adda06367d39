#pragma once

#include <cstdint>

#include "common/model/json_fields.h"

namespace cohort::model {

// How the rotary position embedding is stretched beyond the context that the model was pre-trained with; see Rotary.
struct RotaryScaling {
  enum class Kind { kNone, kLlama3, kYarn };

  Kind kind = Kind::kNone;
  double factor = 1;               // New context over the original one.
  int64_t original_positions = 0;  // Of the pre-training.
  double low_frequency_factor = 1;   // Llama 3: wavelengths above original/low are stretched, …
  double high_frequency_factor = 4;  // … those below original/high stay.
  double beta_fast = 32;           // YaRN: pairs that turn more often than this within the original context stay, …
  double beta_slow = 1;            // … those that turn less often than this are stretched.
  double attention_factor = 1;     // YaRN: stretches query and key, which sharpens attention over longer contexts.
  bool truncate = true;            // YaRN: the bounds are whole pairs.
};

// Reads the rotary positions: "rope_theta" beside the other sizes or, as newer files have it, inside "rope_parameters", and the scaling in
// "rope_scaling" or "rope_parameters". Scalings that Cohort does not compute are errors in `fields`.
void ReadRotaryPositions(JsonFields& fields, int64_t max_positions, double& theta, RotaryScaling& scaling);

}  // namespace cohort::model
