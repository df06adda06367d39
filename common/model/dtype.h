#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace cohort::model {

// How one number is stored. Brain floats are the upper half of an fp32, held as uint16_t.
enum class DType { kFloat32, kBfloat16 };

constexpr int64_t SizeOf(DType dtype) { return dtype == DType::kFloat32 ? 4 : 2; }  // In bytes.

// As config.json spells it: "float32", "bfloat16".
constexpr absl::string_view NameOf(DType dtype) { return dtype == DType::kFloat32 ? "float32" : "bfloat16"; }

// Exact.
float BfloatToFloat(uint16_t bfloat);
// To nearest, ties to even; NaN stays NaN.
uint16_t FloatToBfloat(float value);
// IEEE 754 half precision; exact.
float HalfToFloat(uint16_t half);

}  // namespace cohort::model
