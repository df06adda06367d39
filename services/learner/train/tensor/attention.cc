#include "services/learner/train/tensor/attention.h"

#include <ATen/ops/_flash_attention_backward.h>
#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/logaddexp.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include "services/learner/train/tensor/host_copy.h"

namespace cohort::learner::tensor {
namespace {

// Ends of consecutive sequences as they are collected.
struct Ends {
  std::vector<int32_t> ends = {0};
  int64_t longest = 0;

  void Add(int64_t length) {
    ends.push_back(ends.back() + static_cast<int32_t>(length));
    longest = std::max(longest, length);
  }
};

Sequences ToSequences(const Ends& queries, const Ends& keys, at::Device device) {
  return {ToDevice(queries.ends, at::kInt, device), ToDevice(keys.ends, at::kInt, device), queries.longest, keys.longest};
}

void AddRows(int64_t begin, int64_t length, std::vector<int64_t>& rows) {
  for (int64_t r = begin; r < begin + length; ++r) rows.push_back(r);
}

double ScaleOf(const at::Tensor& q) { return 1 / std::sqrt(static_cast<double>(q.size(2))); }

// [rows, heads, dim] -> [heads, rows, dim] in fp32, every key head repeated for its queries.
at::Tensor ByHead(const at::Tensor& x, int64_t heads) {
  const at::Tensor by_head = x.transpose(0, 1).to(at::kFloat);
  return by_head.size(0) == heads ? by_head : by_head.repeat_interleave(heads / by_head.size(0), 0);
}

// One sequence of the plain attention: its part of each tensor.
struct Piece {
  at::Tensor q, k;   // [heads, queries or keys, dim], fp32.
  at::Tensor scores; // [heads, queries, keys], masked.
};

Piece ScoresOf(const at::Tensor& q, const at::Tensor& k, bool causal) {
  Piece piece;
  piece.q = ByHead(q, q.size(1));
  piece.k = ByHead(k, q.size(1));
  piece.scores = at::bmm(piece.q, piece.k.transpose(1, 2)).mul_(ScaleOf(q));
  if (causal) {
    const at::Tensor later = at::ones({q.size(0), k.size(0)}, q.options().dtype(at::kBool)).triu_(1);
    piece.scores.masked_fill_(later, -std::numeric_limits<double>::infinity());
  }
  return piece;
}

// Sums the gradient of repeated key heads: [heads, keys, dim] -> [keys, kv_heads, dim].
at::Tensor FoldHeads(const at::Tensor& gradient, int64_t kv_heads) {
  return gradient.reshape({kv_heads, gradient.size(0) / kv_heads, gradient.size(1), gradient.size(2)}).sum(1).transpose(0, 1);
}

template <typename Body>
void ForEachSequence(const Sequences& sequences, const Body& body) {
  const at::Tensor queries = sequences.query_ends.cpu(), keys = sequences.key_ends.cpu();
  const int32_t *q = queries.const_data_ptr<int32_t>(), *k = keys.const_data_ptr<int32_t>();
  for (int64_t s = 0; s + 1 < queries.size(0); ++s) body(q[s], q[s + 1] - q[s], k[s], k[s + 1] - k[s]);
}

Attended PlainForward(const Sequences& sequences, bool causal, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  Attended attended{at::empty({q.size(0), q.size(1), q.size(2)}, q.options()), at::empty({q.size(1), q.size(0)}, q.options().dtype(at::kFloat))};
  ForEachSequence(sequences, [&](int64_t q0, int64_t queries, int64_t k0, int64_t keys) {
    const Piece piece = ScoresOf(q.narrow(0, q0, queries), k.narrow(0, k0, keys), causal);
    const at::Tensor log_sums = at::logsumexp(piece.scores, 2, /*keepdim=*/true);
    const at::Tensor out = at::bmm(piece.scores.sub(log_sums).exp_(), ByHead(v.narrow(0, k0, keys), q.size(1)));
    attended.out.narrow(0, q0, queries).copy_(out.transpose(0, 1));
    attended.log_sums.narrow(1, q0, queries).copy_(log_sums.squeeze(2));
  });
  return attended;
}

AttentionGradient PlainBackward(const Sequences& sequences, bool causal, const at::Tensor& dout, const at::Tensor& q, const at::Tensor& k,
                                const at::Tensor& v, const Attended& attended) {
  AttentionGradient gradient{at::zeros_like(q), at::zeros_like(k), at::zeros_like(v)};
  const int64_t heads = q.size(1), kv_heads = k.size(1);
  ForEachSequence(sequences, [&](int64_t q0, int64_t queries, int64_t k0, int64_t keys) {
    const Piece piece = ScoresOf(q.narrow(0, q0, queries), k.narrow(0, k0, keys), causal);
    const at::Tensor probabilities = piece.scores.sub(attended.log_sums.narrow(1, q0, queries).unsqueeze(2)).exp_();
    const at::Tensor dy = ByHead(dout.narrow(0, q0, queries), heads), y = ByHead(attended.out.narrow(0, q0, queries), heads);
    const at::Tensor inner = dy.mul(y).sum(2, /*keepdim=*/true);
    const at::Tensor dp = at::bmm(dy, ByHead(v.narrow(0, k0, keys), heads).transpose(1, 2));
    const at::Tensor ds = dp.sub_(inner).mul_(probabilities).mul_(ScaleOf(q));
    gradient.dq.narrow(0, q0, queries).copy_(at::bmm(ds, piece.k).transpose(0, 1));
    gradient.dk.narrow(0, k0, keys).copy_(FoldHeads(at::bmm(ds.transpose(1, 2), piece.q), kv_heads));
    gradient.dv.narrow(0, k0, keys).copy_(FoldHeads(at::bmm(probabilities.transpose(1, 2), dy), kv_heads));
  });
  return gradient;
}

Attended Forward(const Sequences& s, bool causal, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, bool plain) {
  if (plain || !q.is_cuda()) return PlainForward(s, causal, q, k, v);
  auto result = at::_flash_attention_forward(q, k, v, s.query_ends, s.key_ends, s.longest_query, s.longest_key, /*dropout_p=*/0, causal,
                                             /*return_debug_mask=*/false, ScaleOf(q));
  const at::Tensor& log_sums = std::get<1>(result);
  TORCH_CHECK(log_sums.dim() == 2 && log_sums.size(0) == q.size(1) && log_sums.size(1) == q.size(0),
              "flash attention of this LibTorch lays out its denominators as ", log_sums.sizes(), ", not as [heads, rows]");
  return {std::get<0>(result), log_sums};
}

AttentionGradient Backward(const Sequences& s, bool causal, const at::Tensor& dout, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const Attended& attended, bool plain) {
  if (plain || !q.is_cuda()) return PlainBackward(s, causal, dout, q, k, v, attended);
  // The state of the random numbers of a dropout that there is not.
  const at::Tensor no_random = at::empty({2}, q.options().dtype(at::kUInt64)), unused = at::empty({0}, q.options().dtype(at::kUInt64));
  auto result = at::_flash_attention_backward(dout, q, k, v, attended.out, attended.log_sums, s.query_ends, s.key_ends, s.longest_query, s.longest_key,
                                              /*dropout_p=*/0, causal, no_random, unused, ScaleOf(q));
  return {std::get<0>(result), std::get<1>(result), std::get<2>(result)};
}

}  // namespace

AttentionPlan PlanAttention(const TokenBatch& batch, at::Device device) {
  Ends own, prefix_queries, prefix_keys;
  std::vector<int64_t> child_rows, root_rows;
  for (const TokenBatch::Family& family : batch.families()) {
    own.Add(family.root.length);
    int64_t rows = 0;
    for (int64_t c = family.first_child; c < family.first_child + family.num_children; ++c) {
      const RowSpan& child = batch.children()[c];
      own.Add(child.length);
      AddRows(child.begin, child.length, child_rows);
      rows += child.length;
    }
    if (rows == 0) continue;
    AddRows(family.root.begin, family.root.length, root_rows);
    prefix_queries.Add(rows);
    prefix_keys.Add(family.root.length);
  }
  AttentionPlan plan;
  plan.own = ToSequences(own, own, device);
  plan.has_prefixes = !child_rows.empty();
  if (!plan.has_prefixes) return plan;
  plan.prefix = ToSequences(prefix_queries, prefix_keys, device);
  plan.child_rows = ToDevice(child_rows, at::kLong, device);
  plan.root_rows = ToDevice(root_rows, at::kLong, device);
  return plan;
}

Attended Attend(const AttentionPlan& plan, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, bool plain) {
  Attended attended = Forward(plan.own, /*causal=*/true, q, k, v, plain);
  if (!plan.has_prefixes) return attended;
  const auto &children = plan.child_rows, &roots = plan.root_rows;
  const Attended prefix = Forward(plan.prefix, /*causal=*/false, q.index_select(0, children), k.index_select(0, roots), v.index_select(0, roots), plain);
  const at::Tensor own_sums = attended.log_sums.index_select(1, children), sums = at::logaddexp(own_sums, prefix.log_sums);
  const auto share = [&](const at::Tensor& of) { return of.sub(sums).exp_().t().unsqueeze(2); };
  const at::Tensor merged = attended.out.index_select(0, children).to(at::kFloat).mul_(share(own_sums)).add_(prefix.out.mul(share(prefix.log_sums)));
  attended.out.index_copy_(0, children, merged.to(q.scalar_type()));
  attended.log_sums.index_copy_(1, children, sums);
  return attended;
}

AttentionGradient AttendBackward(const AttentionPlan& plan, const at::Tensor& dout, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                 const Attended& attended, bool plain) {
  AttentionGradient gradient = Backward(plan.own, /*causal=*/true, dout, q, k, v, attended, plain);
  if (!plan.has_prefixes) return gradient;
  const auto &children = plan.child_rows, &roots = plan.root_rows;
  const Attended of_children{attended.out.index_select(0, children), attended.log_sums.index_select(1, children)};
  const AttentionGradient prefix = Backward(plan.prefix, /*causal=*/false, dout.index_select(0, children), q.index_select(0, children),
                                            k.index_select(0, roots), v.index_select(0, roots), of_children, plain);
  gradient.dq.index_add_(0, children, prefix.dq);
  gradient.dk.index_add_(0, roots, prefix.dk);
  gradient.dv.index_add_(0, roots, prefix.dv);
  return gradient;
}

}  // namespace cohort::learner::tensor
