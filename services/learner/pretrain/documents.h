#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/text/tokenizer.h"

namespace cohort::learner {

// One document as tokens; ends with the end-of-sequence token where the model has one.
struct Document {
  std::vector<int32_t> tokens;
  int64_t first_target = 1;  // Tokens from here on are learnt; those before are context.
};

// How documents become tokens.
struct DocumentOptions {
  int64_t end_token = -1;       // Appended; -1: none.
  bool completion_only = true;  // Of documents with prompt and completion, learn the completion alone.
  int64_t max_tokens = 0;       // Longest document allowed.
  int64_t vocab_size = 0;       // Of the model.
};

// Reads a JSONL or Parquet file, or a directory of them, whose rows have `text`, or `prompt` and `completion`, all strings; other columns are ignored.
// Prompts and texts are encoded with the special tokens that the tokenizer adds in front, completions as they stand. INVALID_ARGUMENT names file, row,
// what is wrong and the remedy for the first bad row, or a data set without any; NOT_FOUND when there is no such file.
absl::StatusOr<std::vector<Document>> LoadDocuments(const std::string& path, const text::Tokenizer& tokenizer, const DocumentOptions& options);

}  // namespace cohort::learner
