#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/text/tokenizer.h"
#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::learner {

// One row of the training data, ready to be issued.
struct PreparedPrompt {
  std::vector<int32_t> token_ids;  // What the model sees, template applied.
  std::string text;                // The same as text.
  std::string gold_answer;
  int64_t line = 0;                // Line of the data file, from 1.
  std::string source;              // The data set it comes from; empty when the row names none.
};

// `prompt_template` with every {prompt} replaced by `prompt`.
std::string ApplyTemplate(const std::string& prompt_template, const std::string& prompt);

// Loads and tokenises config.data().train. INVALID_ARGUMENT names file, line and remedy: a malformed row, a prompt longer than max_prompt_tokens, or
// one that with max_new_tokens does not fit into the model's `max_positions`.
absl::StatusOr<std::vector<PreparedPrompt>> LoadPrompts(const config::v1::RunConfig& config, const text::Tokenizer& tokenizer, int64_t max_positions);

}  // namespace cohort::learner
