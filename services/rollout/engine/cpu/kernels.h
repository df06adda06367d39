#pragma once

#include <cstdint>
#include <vector>

namespace cohort::rollout::cpu {

// Columns of a packed weight panel, positions of a KV page, and lanes of every reduction.
constexpr int64_t kLanes = 16;

constexpr int64_t RoundUpToLanes(int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

// y = epilogue(x · wᵀ + bias) for the columns of panels [panel_begin, panel_end).
//
// `w` is packed: panel j holds columns 16j … 16j+15 as [k][16]. Columns beyond the matrix are zero, so y is written in whole panels. Every element
// is one chain of fused multiply-adds over k in rising order, beginning with the bias.
struct GemmArgs {
  const float* x = nullptr;
  int64_t x_stride = 0;
  const float* w = nullptr;
  const float* bias = nullptr;  // Padded to whole panels; nullptr for none.
  float* y = nullptr;
  int64_t y_stride = 0;
  int64_t rows = 0;
  int64_t k = 0;
  int64_t panel_begin = 0;
  int64_t panel_end = 0;
};

// Attention of one row: for each of `queries_per_kv` query heads that share one key/value head, softmax(scale · q·K) · V over `context` positions.
//
// A page holds 16 positions of this head: keys as [head_dim][16 positions] at pages[i] + offset, values as [16 positions][padded_dim] right behind.
struct AttentionArgs {
  const float* q = nullptr;             // [queries_per_kv][head_dim]
  float* out = nullptr;                 // [queries_per_kv][head_dim]
  int64_t queries_per_kv = 0;
  int64_t head_dim = 0;
  int64_t padded_dim = 0;               // head_dim rounded up to lanes.
  const float* cache = nullptr;
  const int32_t* pages = nullptr;       // Page numbers of the sequence.
  int64_t page_stride = 0;              // Floats from one page to the next.
  int64_t offset = 0;                   // Of this layer and head within a page.
  int64_t context = 0;                  // At least 1.
  float scale = 1;
  float* scores = nullptr;              // Scratch: 4 · RoundUpToLanes(context) floats.
};

// The arithmetic of the decoder, compiled once per instruction set; all give bit-equal results.
struct Kernels {
  const char* name;
  void (*gemm)(const GemmArgs& args);
  // y += x · wᵀ (+ bias): the chain first, then one addition.
  void (*gemm_add)(const GemmArgs& args);
  // Panels 2j and 2j+1 hold gate and up columns of panel j of y: y = silu(gate) · up. Panel bounds count packed panels and are even.
  void (*gemm_swiglu)(const GemmArgs& args);
  // y = x / sqrt(mean(x²) + epsilon) · weight; x, weight and y padded with zeros to whole lanes.
  void (*rms_norm)(const float* x, const float* weight, float epsilon, int64_t n, float* y);
  // Rotates the pairs (x[i], x[i + half]) by the angles with these cosines and sines.
  void (*rope)(float* x, const float* cosines, const float* sines, int64_t half);
  void (*attention)(const AttentionArgs& args);
  // p[i] = exp(logits[i] / temperature - max) for i < n; `logits` and `p` are readable and writable in whole lanes. Returns max_i logits[i] /
  // temperature; -infinity when no logit is a number.
  float (*exp_of_logits)(const float* logits, int64_t n, float temperature, float* p);
};

enum class InstructionSet { kPortable, kAvx2, kAvx512 };

// Those this processor runs, best last.
std::vector<InstructionSet> SupportedInstructionSets();

// The kernels for one of them.
const Kernels& KernelsFor(InstructionSet set);

// The best ones here, unless COHORT_ISA (portable, avx2 or avx512) asks for less.
const Kernels& BestKernels();

}  // namespace cohort::rollout::cpu
