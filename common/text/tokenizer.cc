#include "common/text/tokenizer.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/rust/rust_text.h"
#include "common/status/status_macros.h"
#include "common/text/text_c.h"
#include "common/text/tokenizer_config.h"

namespace cohort::text {

using rust::Check;
using rust::Take;

struct Tokenizer::Impl {
  struct Free {
    void operator()(CohortTokenizer* tokenizer) const { cohort_tokenizer_free(tokenizer); }
  };
  std::unique_ptr<CohortTokenizer, Free> tokenizer;
  int64_t vocab_size = 0;
  int32_t prepended_bos = -1;  // -1: none, or the post-processor of tokenizer.json sees to it.
};

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::~Tokenizer() = default;

absl::StatusOr<std::unique_ptr<Tokenizer>> Tokenizer::Load(const std::string& directory) {
  const std::string path = directory + "/tokenizer.json";
  COHORT_ASSIGN_OR_RETURN(const std::string json, io::ReadFile(path));
  COHORT_ASSIGN_OR_RETURN(TokenizerConfig config, LoadTokenizerConfig(directory));
  std::vector<CohortText> special;
  for (auto& [name, token] : config.special_tokens) special.push_back({token.data(), token.size()});
  CohortTokenizer* loaded = nullptr;
  COHORT_RETURN_IF_ERROR(Check(cohort_tokenizer_load(json.data(), json.size(), special.data(), special.size(), &loaded), path));
  auto impl = std::make_unique<Impl>();
  impl->tokenizer.reset(loaded);
  impl->vocab_size = static_cast<int64_t>(cohort_tokenizer_vocab_size(loaded));
  std::unique_ptr<Tokenizer> tokenizer(new Tokenizer(std::move(impl)));
  if (!config.add_bos_token) return tokenizer;

  const std::string& bos_token = config.special_tokens.at("bos_token");
  const int32_t bos = tokenizer->TokenId(bos_token);
  if (bos < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(directory, "/tokenizer_config.json: bos_token '", bos_token, "' is not in the vocabulary of ", path));
  }
  COHORT_ASSIGN_OR_RETURN(const auto nothing, tokenizer->Encode("", /*add_special_tokens=*/true));
  if (nothing.empty() || nothing.front() != bos) tokenizer->impl_->prepended_bos = bos;
  return tokenizer;
}

absl::StatusOr<std::vector<int32_t>> Tokenizer::Encode(absl::string_view text, bool add_special_tokens) const {
  CohortIds found{nullptr, 0};
  COHORT_RETURN_IF_ERROR(Check(cohort_tokenizer_encode(impl_->tokenizer.get(), text.data(), text.size(), add_special_tokens, &found), "encode"));
  std::vector<int32_t> ids;
  ids.reserve(found.size + 1);
  if (add_special_tokens && impl_->prepended_bos >= 0) ids.push_back(impl_->prepended_bos);
  ids.insert(ids.end(), found.data, found.data + found.size);
  cohort_ids_free(found);
  return ids;
}

absl::StatusOr<std::string> Tokenizer::Decode(absl::Span<const int32_t> ids, bool skip_special_tokens) const {
  for (const int32_t id : ids) {
    if (id < 0) return absl::InvalidArgumentError(absl::StrCat("decode: ", id, " is no token"));
  }
  CohortText text{nullptr, 0};
  const auto* first = reinterpret_cast<const uint32_t*>(ids.data());
  COHORT_RETURN_IF_ERROR(Check(cohort_tokenizer_decode(impl_->tokenizer.get(), first, ids.size(), skip_special_tokens, &text), "decode"));
  return Take(text);
}

int64_t Tokenizer::vocab_size() const { return impl_->vocab_size; }

std::string Tokenizer::TokenText(int32_t id) const { return id < 0 ? "" : Take(cohort_tokenizer_token_text(impl_->tokenizer.get(), id)); }

int32_t Tokenizer::TokenId(absl::string_view text) const {
  return static_cast<int32_t>(cohort_tokenizer_token_id(impl_->tokenizer.get(), text.data(), text.size()));
}

}  // namespace cohort::text
