#pragma once

#include <cstdint>

namespace cohort::rollout::cuda {

// Positions in one page of the cache.
constexpr int kPageTokens = 64;

// What a row of the decode batch needs to be continued without the host: one sample between its first and its last token. Lives on the GPU; the host
// writes it once, when the sample starts or goes on after it was preempted, and the sampler moves it on after every token.
struct DecodeRow {
  int32_t token = 0;          // To feed next.
  int32_t position = -1;      // Of `token` in the context; -1: nothing runs in this row.
  int32_t index = 0;          // Of the token to be sampled in the completion, from 0.
  int32_t most_tokens = 0;    // Of the completion.
  // How and with which random numbers the next token is drawn, see SamplingParams and random::SampleKey.
  float temperature = 1;
  float top_p = 0;
  float min_p = 0;
  int32_t top_k = 0;
  uint64_t seed = 0;
  uint32_t step = 0;
  uint32_t slot = 0;
  uint32_t sample = 0;
  uint32_t truncates = 0;     // Whether top_k, top_p or min_p drop anything.
};

// What a decode step says about a row.
struct RowResult {
  int32_t token = -1;         // -1: the row was empty, or (with `finite` 0) the logits hold no finite maximum.
  float logprob = 0;
  int32_t finite = 1;
  int32_t ended = 0;          // The token ends the completion; the row is empty from now on.
};

// Puts a sample into a row (`from` < 0: `row` and the page table beside it), or moves row `from` here and empties it, or (`from` = `to`) renews the row's page
// table alone, or (`from` < 0 and position -1) empties the row.
struct RowUpdate {
  int32_t to = 0;
  int32_t from = -1;
  DecodeRow row;
};

// Rows of a packed prefill: `count` consecutive tokens of one prompt.
struct PrefillSpan {
  int32_t first_row = 0;      // In the packed batch.
  int32_t count = 0;
  int32_t position = 0;       // Of the first of them.
  int32_t table = 0;          // Index of the prompt's page table.
};

}  // namespace cohort::rollout::cuda
