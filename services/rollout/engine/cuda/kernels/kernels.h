#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime_api.h>

#include <cstdint>

#include "services/rollout/engine/cuda/kernels/row.h"

// The engine's kernels. Each function enqueues one kernel on `stream` and returns; errors of the launch are left to cuda::LaunchStatus(). All pointers are
// of the device, matrices row-major without padding, widths multiples of 8, and addresses aligned to 16 bytes. bf16 in memory, fp32 in registers.
namespace cohort::rollout::cuda {

// Keys and values of one layer in pages: [pages][2 (keys, values)][kv_heads][kPageTokens][head_dim].
struct PagedCache {
  __nv_bfloat16* data = nullptr;
  int kv_heads = 0;
  int head_dim = 0;  // 64 or 128.
};

// Page tables of several sequences: [sequences][stride] indices of pages.
struct PageTables {
  const int32_t* data = nullptr;
  int stride = 0;
};

// hidden[r] = embedding[token of r] in fp32; zero for empty rows.
void EmbedRows(const DecodeRow* rows, const __nv_bfloat16* embedding, int count, int hidden, float* out, cudaStream_t stream);
void EmbedTokens(const int32_t* tokens, const __nv_bfloat16* embedding, int count, int hidden, float* out, cudaStream_t stream);

// residual += delta (unless delta is nullptr); out = residual / rms(residual) * weight.
void AddRmsNorm(float* residual, const __nv_bfloat16* delta, const __nv_bfloat16* weight, float epsilon, int rows, int width, __nv_bfloat16* out,
                cudaStream_t stream);

// Adds biases, normalises query and key heads, rotates them, and writes keys and values into the cache; queries stay where they are.
struct QkvArgs {
  __nv_bfloat16* qkv = nullptr;            // [rows][heads + 2 kv_heads][head_dim]
  int rows = 0;
  int heads = 0;
  const __nv_bfloat16* bias = nullptr;     // [heads + 2 kv_heads][head_dim], or nullptr.
  const __nv_bfloat16* q_norm = nullptr;   // [head_dim], or nullptr.
  const __nv_bfloat16* k_norm = nullptr;
  float epsilon = 1e-6f;
  const float2* rope = nullptr;            // [positions][head_dim / 2] of (cosine, sine).
  PagedCache cache;
  PageTables tables;
};
void PrepareDecodeQkv(const QkvArgs& args, const DecodeRow* rows, cudaStream_t stream);             // Row r has table r.
void PreparePrefillQkv(const QkvArgs& args, const int32_t* positions, const int32_t* table_of_row, cudaStream_t stream);

// out[r][c] = silu(gate_up[r][c]) * gate_up[r][width + c].
void SiluMul(const __nv_bfloat16* gate_up, int rows, int width, __nv_bfloat16* out, cudaStream_t stream);

// Pieces of the contexts of a decode batch: what one block of DecodeAttention works on at a time. Their length is chosen on the GPU, so that the blocks that
// run side by side have about equal work. Whole pieces come first, so that what is left over for the end is short.
struct AttentionPlan {
  int2* items = nullptr;          // (row, piece), room for rows * max_pieces.
  int32_t* count = nullptr;       // How many.
  int32_t* split_tokens = nullptr;  // Positions of a whole piece, a multiple of kPageTokens.
  int finest_split = 0;           // Least positions of a whole piece, a multiple of kPageTokens.
};

// Attention of one query position per row over its whole context in the cache, grouped-query with any ratio. Contexts of several pieces are merged by the
// block that finishes last, always in the same order.
struct DecodeAttentionArgs {
  const __nv_bfloat16* qkv = nullptr;   // As PrepareDecodeQkv leaves it.
  const DecodeRow* rows = nullptr;
  int count = 0;                        // At most 1,024.
  int heads = 0;
  float scale = 0;
  PagedCache cache;
  PageTables tables;
  AttentionPlan plan;
  int max_pieces = 0;                   // Of the longest context, cut as finely as may be.
  int multiprocessors = 0;              // Of the GPU.
  float* partial = nullptr;             // [count][heads][max_pieces][head_dim + 2]
  int32_t* arrived = nullptr;           // [count][DecodeAttentionGroups()], zero before the first call and after every one.
  __nv_bfloat16* out = nullptr;         // [count][heads][head_dim]; not written for empty rows.
};
// Fills the plan: once for a step, before the attention of its layers. Of the cache it uses the shape alone.
void PlanDecodeAttention(const DecodeAttentionArgs& args, cudaStream_t stream);
void DecodeAttention(const DecodeAttentionArgs& args, cudaStream_t stream);
// Sets of at most 16 query heads that share a key/value head.
int DecodeAttentionGroups(int heads, int kv_heads);

// Causal attention of packed prompt tokens over what the cache holds up to their positions (their own keys and values included).
struct PrefillAttentionArgs {
  const __nv_bfloat16* qkv = nullptr;
  const PrefillSpan* tiles = nullptr;   // Spans of at most kPrefillTile tokens.
  int tile_count = 0;
  int heads = 0;
  float scale = 0;
  PagedCache cache;
  PageTables tables;
  __nv_bfloat16* out = nullptr;         // [rows][heads][head_dim]
};
constexpr int kPrefillTile = 64;
void PrefillAttention(const PrefillAttentionArgs& args, cudaStream_t stream);

// Draws a token for every row that is not empty, from softmax(logits / temperature) by inverting the distribution function over ids with the Philox number
// of the row's key, and moves the row on: next token, position and index, or emptied when the completion has ended.
struct SampleArgs {
  const float* logits = nullptr;        // [count][vocab]
  int count = 0;
  int vocab = 0;                        // At most 2^20.
  DecodeRow* rows = nullptr;
  const int32_t* eos = nullptr;         // End-of-sequence tokens.
  int eos_count = 0;
  float4* tiles = nullptr;              // Scratch: [count][SampleTiles(vocab)]
  RowResult* results = nullptr;         // [count]
};
int SampleTiles(int vocab);
// `any_truncates` also runs the slower kernel for rows with top_k, top_p or min_p; rows without these are not its business.
void SampleRows(const SampleArgs& args, bool any_truncates, cudaStream_t stream);

// Applies updates to rows and their page tables. `tables[u]` is the table of update u. No two touch the same row.
void ApplyRowUpdates(const RowUpdate* updates, int count, const int32_t* new_tables, int table_stride, DecodeRow* rows, int32_t* tables, cudaStream_t stream);

// Copies whole pages of all layers: copies[i] = (from, to). `layer_stride` and `page_elements` in elements.
void CopyPages(__nv_bfloat16* cache, int64_t layer_stride, int64_t page_elements, int layers, const int2* copies, int count, cudaStream_t stream);

// to[i] = bf16(from[i]), `count` a multiple of 4.
void ConvertToBf16(const float* from, __nv_bfloat16* to, int64_t count, cudaStream_t stream);

}  // namespace cohort::rollout::cuda
