#pragma once

#include <cstdint>
#include <vector>

#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::learner {

// One sequence of a minibatch, as its aggregation sees it.
struct SequenceShape {
  int64_t tokens = 0;  // Completion tokens, at least 1. Masked sequences are not part of the minibatch.
  int64_t prompt = 0;  // Sequences with equal numbers answer the same prompt.
};

// Every mode of config Aggregation is linear in the token losses l_it, with one weight for all tokens of a sequence:
//   loss = sum_i w_i sum_t l_it
// With B sequences of L_i tokens, N = sum_i L_i, P prompts, and N_p the tokens of the prompt that sequence i answers:
//   TOKEN_MEAN               w_i = 1 / N
//   TOKEN_SUM                w_i = 1
//   SEQ_MEAN_TOKEN_SUM       w_i = 1 / B
//   SEQ_MEAN_TOKEN_MEAN      w_i = 1 / (B L_i)
//   SEQ_MEAN_TOKEN_SUM_NORM  w_i = 1 / (B max_new_tokens)
//   PROMPT_MEAN              w_i = 1 / (P N_p)
// Counts are those of the whole minibatch, so the gradients of its parts add up to that of the whole, however it is cut.
std::vector<double> AggregationWeights(config::v1::Aggregation mode, const std::vector<SequenceShape>& minibatch, int64_t max_new_tokens);

}  // namespace cohort::learner
