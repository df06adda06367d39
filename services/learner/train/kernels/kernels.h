#pragma once

#include <cstdint>

namespace cohort::learner {

// Rows [begin, begin + length) of a packed batch.
struct RowSpan {
  int64_t begin = 0;
  int64_t length = 0;
};

// Sizes of grouped-query attention. A row of the packed projection holds the query heads, then the key heads, then the value heads.
struct AttentionShape {
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  int64_t row_width() const { return (heads + 2 * kv_heads) * head_dim; }
};

// Sequences that attend to one common beginning: rows of `root` see the root up to themselves, rows of a child see the whole root and the child up to
// themselves. Rows of different children never see each other.
struct AttentionFamily {
  RowSpan root;
  const RowSpan* children = nullptr;
  int64_t num_children = 0;
};

// Constants of one AdamW step.
struct AdamWStep {
  float learning_rate = 0;
  float beta1 = 0;
  float beta2 = 0;
  float epsilon = 0;
  float decay = 0;               // Weight decay.
  float first_correction = 1;    // 1 / (1 - beta1^t).
  float second_correction = 1;   // 1 / sqrt(1 - beta2^t).
  float gradient_scale = 1;      // Of clipping.
};

// The arithmetic of the decoder besides the matrix products, single-threaded over a range of rows, written for one instruction set. All matrices are
// row-major fp32 and contiguous. Pure functions of their inputs: equal inputs give bit-equal results, however the rows are split over threads (sums
// over rows are the caller's to order). "Adds" means += on what is there.
struct Kernels {
  const char* name;

  // y = x / rms(x) * gain; `inverse_rms` keeps 1 / rms of each row.
  void (*rms_norm)(const float* x, const float* gain, float epsilon, int64_t rows, int64_t columns, float* y, float* inverse_rms);
  // Adds the gradient of x to dx, that of the gain, summed over the rows, to dgain.
  void (*rms_norm_backward)(const float* dy, const float* x, const float* gain, const float* inverse_rms, int64_t rows, int64_t columns, float* dx,
                            float* dgain);

  // activated[columns] = silu(gate[columns]) * up[columns]; gate and up stand side by side in a row of gate_up.
  void (*swiglu)(const float* gate_up, int64_t rows, int64_t columns, float* activated);
  // Replaces gate_up by its gradient.
  void (*swiglu_backward)(const float* dactivated, int64_t rows, int64_t columns, float* gate_up);

  // Adds the bias (may be null) to the rows of qkv and turns query and key heads by their position's angles: cosines and sines are tables of
  // [position, head_dim / 2].
  void (*bias_and_rotate)(const AttentionShape& shape, const float* bias, const int32_t* positions, const float* cosines, const float* sines,
                          int64_t rows, float* qkv);
  // Turns the gradients of query and key heads back.
  void (*rotate_back)(const AttentionShape& shape, const int32_t* positions, const float* cosines, const float* sines, int64_t rows, float* dqkv);
  // Adds the sum over the rows to sums.
  void (*sum_rows)(const float* x, int64_t rows, int64_t columns, float* sums);

  // Causal attention of all query heads that share `kv_head`, for one family. Writes their columns of out [rows, heads * head_dim] and of
  // log_sums [rows, heads] (log of the softmax's denominator). Scratch: AttentionScratchFloats().
  void (*attention)(const AttentionShape& shape, const AttentionFamily& family, int64_t kv_head, const float* qkv, float* out, float* log_sums,
                    float* scratch);
  // Writes the gradients of the same heads' columns into dqkv.
  void (*attention_backward)(const AttentionShape& shape, const AttentionFamily& family, int64_t kv_head, const float* qkv, const float* log_sums,
                             const float* dout, float* dqkv, float* scratch);

  // Of each row of logits, divided by the temperature: log-probability of its target, entropy in nats, log of the softmax's denominator.
  void (*score_logits)(const float* logits, float inverse_temperature, const int32_t* targets, int64_t rows, int64_t columns, double* logprobs,
                       double* entropies, double* log_sums);
  // Replaces logits by the gradient of sum_r dlogprobs[r] * logprob[r].
  void (*score_logits_backward)(const double* dlogprobs, const double* log_sums, float inverse_temperature, const int32_t* targets, int64_t rows,
                                int64_t columns, float* logits);

  // One AdamW step (arXiv 1711.05101) over flat buffers.
  void (*adamw)(const AdamWStep& step, const float* gradient, int64_t size, float* weights, float* first, float* second);
  double (*sum_of_squares)(const float* x, int64_t size);
};

// Floats of scratch that attention over a context of at most `longest` rows needs; 64-byte aligned.
int64_t AttentionScratchFloats(const AttentionShape& shape, int64_t longest);

// The fastest kernels this processor runs: AVX-512, AVX2 or plain x86-64.
const Kernels& ActiveKernels();

// Every set of kernels this processor runs, fastest first; for tests.
int64_t SupportedKernels(const Kernels* sets[3]);

}  // namespace cohort::learner
