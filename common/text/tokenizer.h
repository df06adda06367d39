#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace cohort::text {

// A Hugging Face tokenizer: exactly what tokenizer.json says, by the crate `tokenizers`. Immutable after loading, hence thread-safe.
class Tokenizer {
 public:
  // Loads `directory`/tokenizer.json and, for add_bos_token and the special tokens, tokenizer_config.json. INVALID_ARGUMENT names the file.
  static absl::StatusOr<std::unique_ptr<Tokenizer>> Load(const std::string& directory);
  ~Tokenizer();

  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Token ids of `text`. With `add_special_tokens`, as the tokenizer's post-processor and add_bos_token ask.
  absl::StatusOr<std::vector<int32_t>> Encode(absl::string_view text, bool add_special_tokens) const;

  // Text of `ids`, special tokens left out unless asked for. An id without a token is no text, as in `transformers`: models have more rows than their
  // tokenizers have tokens (151,936 and 151,665 in Qwen2.5), and sample them now and then. Negative ids are INVALID_ARGUMENT.
  absl::StatusOr<std::string> Decode(absl::Span<const int32_t> ids, bool skip_special_tokens) const;

  int64_t vocab_size() const;
  // Text of one token as the vocabulary spells it, "" when there is no such id.
  std::string TokenText(int32_t id) const;
  // Id of a token spelled `text`, -1 when there is none.
  int32_t TokenId(absl::string_view text) const;

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Decodes a growing completion piece by piece without ever splitting a character: text is handed out when no later token can change it.
// Not thread-safe; keep the tokenizer alive.
class IncrementalDecoder {
 public:
  explicit IncrementalDecoder(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}
  // The text that `id` completes; may be empty.
  absl::StatusOr<std::string> Push(int32_t id);
  // The rest, when the completion has ended.
  absl::StatusOr<std::string> Finish();

 private:
  const Tokenizer& tokenizer_;
  std::vector<int32_t> ids_;
  size_t emitted_ids_ = 0;
  std::string prefix_;
};

}  // namespace cohort::text
