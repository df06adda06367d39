#include "services/learner/pretrain/documents.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/data/rows.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::learner {
namespace {

// The string at `key`; null when the key is not there.
absl::StatusOr<const std::string*> StringAt(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return nullptr;
  if (!found->is_string()) return absl::InvalidArgumentError(absl::StrCat("`", key, "` is not a string"));
  return found->get_ptr<const std::string*>();
}

absl::StatusOr<std::vector<int32_t>> Encode(const text::Tokenizer& tokenizer, const std::string& text, const DocumentOptions& options) {
  COHORT_ASSIGN_OR_RETURN(std::vector<int32_t> tokens, tokenizer.Encode(text, /*add_special_tokens=*/true));
  // Some tokenizers end every text themselves; the end belongs behind the whole document.
  if (options.end_token >= 0 && !tokens.empty() && tokens.back() == options.end_token) tokens.pop_back();
  return tokens;
}

absl::Status CheckDocument(const Document& document, const DocumentOptions& options) {
  const int64_t length = document.tokens.size();
  if (length > options.max_tokens) {
    return absl::InvalidArgumentError(absl::StrCat("a document of ", length, " tokens; raise training.row_tokens (", options.max_tokens, ") or shorten it"));
  }
  if (length <= document.first_target) return absl::InvalidArgumentError("nothing to learn; a document needs two tokens at least, one of them to learn");
  for (const int32_t token : document.tokens) {
    if (token < 0 || token >= options.vocab_size) {
      return absl::InvalidArgumentError(absl::StrCat("token ", token, " is outside the model's vocabulary of ", options.vocab_size,
                                                     "; tokenizer.json and config.json belong to different models"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Document> ParseDocument(const data::Row& row, const text::Tokenizer& tokenizer, const DocumentOptions& options) {
  COHORT_ASSIGN_OR_RETURN(const std::string* text, StringAt(row.values, "text"));
  COHORT_ASSIGN_OR_RETURN(const std::string* prompt, StringAt(row.values, "prompt"));
  COHORT_ASSIGN_OR_RETURN(const std::string* completion, StringAt(row.values, "completion"));
  if ((text != nullptr) == (prompt != nullptr) || (prompt != nullptr) != (completion != nullptr)) {
    return absl::InvalidArgumentError(absl::StrCat("a document has either `text`, or `prompt` and `completion`; ", data::ColumnsText(row)));
  }
  Document document;
  COHORT_ASSIGN_OR_RETURN(document.tokens, Encode(tokenizer, text != nullptr ? *text : *prompt, options));
  if (completion != nullptr) {
    if (options.completion_only) document.first_target = std::max<int64_t>(1, document.tokens.size());
    COHORT_ASSIGN_OR_RETURN(const std::vector<int32_t> rest, tokenizer.Encode(*completion, /*add_special_tokens=*/false));
    document.tokens.insert(document.tokens.end(), rest.begin(), rest.end());
  }
  if (options.end_token >= 0) document.tokens.push_back(static_cast<int32_t>(options.end_token));
  COHORT_RETURN_IF_ERROR(CheckDocument(document, options));
  return document;
}

}  // namespace

absl::StatusOr<std::vector<Document>> LoadDocuments(const std::string& path, const text::Tokenizer& tokenizer, const DocumentOptions& options) {
  std::vector<Document> documents;
  COHORT_RETURN_IF_ERROR(data::ForEachRow(path, {{"text", "prompt", "completion"}, R"({"text": "1 + 1 = 2"})"}, [&](const data::Row& row) -> absl::Status {
    absl::StatusOr<Document> document = ParseDocument(row, tokenizer, options);
    if (!document.ok()) return absl::InvalidArgumentError(absl::StrCat(row.place, ": ", document.status().message()));
    documents.push_back(*std::move(document));
    return absl::OkStatus();
  }));
  return documents;
}

}  // namespace cohort::learner
