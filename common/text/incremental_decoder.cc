#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "common/text/tokenizer.h"

namespace cohort::text {
namespace {

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD: what an unfinished character decodes to.
constexpr size_t kContextTokens = 16;  // Left of what is new, so that decoders which treat the first token specially see none there.
constexpr size_t kWindowTokens = 64;

// "<0xE2>": one byte of a character that is not in the vocabulary. A run of them is decoded as a whole.
bool IsByteToken(const std::string& text) { return text.size() == 6 && absl::StartsWith(text, "<0x") && text.back() == '>'; }

}  // namespace

absl::StatusOr<std::string> IncrementalDecoder::Push(int32_t id) {
  ids_.push_back(id);
  auto decoded = tokenizer_.Decode(ids_, /*skip_special_tokens=*/true);
  if (!decoded.ok()) {
    ids_.pop_back();
    return decoded.status();
  }
  const std::string& text = *decoded;
  if (absl::EndsWith(text, kReplacement) || IsByteToken(tokenizer_.TokenText(id)) || !absl::StartsWith(text, prefix_)) return std::string();
  std::string fresh = text.substr(prefix_.size());
  prefix_ = text;
  emitted_ids_ = ids_.size();
  if (ids_.size() > kWindowTokens) {  // Keeps the cost of a token constant.
    ids_.erase(ids_.begin(), ids_.end() - kContextTokens);
    emitted_ids_ = ids_.size();
    COHORT_ASSIGN_OR_RETURN(prefix_, tokenizer_.Decode(ids_, /*skip_special_tokens=*/true));
  }
  return fresh;
}

absl::StatusOr<std::string> IncrementalDecoder::Finish() {
  std::string fresh;
  if (emitted_ids_ < ids_.size()) {
    COHORT_ASSIGN_OR_RETURN(const std::string text, tokenizer_.Decode(ids_, /*skip_special_tokens=*/true));
    const auto unlike = std::mismatch(prefix_.begin(), prefix_.end(), text.begin(), text.end());
    fresh.assign(unlike.second, text.end());
  }
  ids_.clear();
  emitted_ids_ = 0;
  prefix_.clear();
  return fresh;
}

}  // namespace cohort::text
