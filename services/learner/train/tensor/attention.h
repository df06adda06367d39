#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "services/learner/train/token_batch.h"

namespace cohort::learner::tensor {

// Which rows attend to which, in one call of a variable-length kernel: sequence s has queries [query_ends[s], query_ends[s + 1]) and likewise keys.
struct Sequences {
  at::Tensor query_ends;  // int32 [sequences + 1], on the device.
  at::Tensor key_ends;
  int64_t longest_query = 0;
  int64_t longest_key = 0;
};

// A packed batch as attention sees it. Every root and every child is a causal sequence of its own; besides, all children of a family see the whole root.
struct AttentionPlan {
  Sequences own;
  bool has_prefixes = false;
  Sequences prefix;       // Queries: all children's rows; keys: the roots of families that have children.
  at::Tensor child_rows;  // int64, on the device: rows of the batch.
  at::Tensor root_rows;
};

// The plan of a batch on `device`.
AttentionPlan PlanAttention(const TokenBatch& batch, at::Device device);

// Attended values and the logarithm of each softmax's denominator.
struct Attended {
  at::Tensor out;       // [rows, heads, dim], in the type of the queries.
  at::Tensor log_sums;  // fp32 [heads, rows].
};

struct AttentionGradient {
  at::Tensor dq, dk, dv;  // In the type of the queries; dk and dv have kv_heads.
};

// Causal grouped-query attention of packed families, scale 1/sqrt(dim): q [rows, heads, dim], k and v [rows, kv_heads, dim], contiguous in the last
// dimension. On a GPU in bf16 through LibTorch's flash attention; elsewhere, and where `plain` is set, by products over each sequence.
//
// A prompt's rows are computed once for all of its completions. What they attend to within themselves and to their prompt are two softmaxes, merged by
// their denominators; given the merged result, the gradient of each part is that of an ordinary attention (the probabilities are those of the whole).
Attended Attend(const AttentionPlan& plan, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, bool plain = false);
AttentionGradient AttendBackward(const AttentionPlan& plan, const at::Tensor& dout, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                 const Attended& attended, bool plain = false);

}  // namespace cohort::learner::tensor
