#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/data/prompt_format.h"
#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::data {

// One row of a data set, ready to be sampled.
struct PreparedPrompt {
  std::vector<int32_t> token_ids;  // What the model sees, templates applied.
  std::string text;                // The same as text.
  std::string gold_answer;
  std::string place;               // Where it stands, for errors.
  std::string source;              // Where it comes from, "" where no column says so.
};

// The prompts of a data set, and how many rows were left out.
struct PromptSet {
  std::vector<PreparedPrompt> prompts;
  int64_t too_short = 0;
  int64_t too_long = 0;
};

// Loads and tokenises `file` (a JSONL or Parquet file, or a directory of them) by config.data(). `max_positions` is the model's, 0 when it is not known.
//
// A prompt outside of min_prompt_tokens to max_prompt_tokens, or one that with rollout.max_new_tokens does not fit into `max_positions`, is left out where
// data.drop_by_length says so, else refused. INVALID_ARGUMENT names file, row and remedy: such a prompt, a malformed row, a conversation that the chat
// template refuses, no prompt left, or a prompt whose end contradicts reward.think_prefilled.
absl::StatusOr<PromptSet> LoadPrompts(const config::v1::RunConfig& config, const std::string& file, const PromptFormat& format, int64_t max_positions);

// "1203 of 91000 rows left out: 3 too short, 1200 too long"; empty when all were taken.
std::string LeftOutText(const PromptSet& set);

}  // namespace cohort::data
