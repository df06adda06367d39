#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "services/rollout/engine/schedule/group.h"

namespace cohort::rollout {

// How many pages of a key/value cache prompts and completions take. A prompt's pages are its group's; of these a sample shares the whole ones, and has its
// own from the first one on that the prompt does not fill.
class PageNeeds {
 public:
  // `whole_prompts`: all of a prompt is prefilled for the group, not only what precedes its last token.
  PageNeeds(int64_t page_tokens, bool whole_prompts) : page_tokens_(page_tokens), whole_prompts_(whole_prompts) {}

  int64_t page_tokens() const { return page_tokens_; }
  int64_t For(int64_t positions) const { return (positions + page_tokens_ - 1) / page_tokens_; }

  // Prompt tokens that are prefilled once for the group.
  int64_t SharedTokens(const Group& group) const { return group.prompt_size() - (whole_prompts_ ? 0 : 1); }
  int64_t WholeSharedPages(const Group& group) const { return SharedTokens(group) / page_tokens_; }
  int64_t OfPrompt(const Group& group) const { return For(SharedTokens(group)); }

  // All pages of a sample, shared ones included: now, with its next token; and with a completion of `tokens`, whose last token is fed to nobody.
  int64_t Now(const Sample& sample) const { return For(sample.position() + 1); }
  int64_t With(const Group& group, int64_t tokens) const { return For(group.prompt_size() + tokens - 1); }
  int64_t AtMost(const Group& group) const { return With(group, group.most_tokens); }

  // The sample's own pages alone, at most, and when its completion becomes `share` of what it may be; at least a page's worth of tokens is yet to come.
  int64_t OwnAtMost(const Group& group) const { return AtMost(group) - WholeSharedPages(group); }
  int64_t OwnExpected(const Sample& sample, double share) const {
    const Group& group = *sample.group;
    const int64_t likely = static_cast<int64_t>(std::ceil(share * static_cast<double>(group.most_tokens)));
    return With(group, std::min(group.most_tokens, std::max(likely, sample.issued + page_tokens_))) - WholeSharedPages(group);
  }

 private:
  const int64_t page_tokens_;
  const bool whole_prompts_;
};

}  // namespace cohort::rollout
