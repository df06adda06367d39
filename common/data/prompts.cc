#include "common/data/prompts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::data {
namespace {

enum class Length { kRight, kTooShort, kTooLong };

// How long a prompt of `tokens` is for this run, and what to say when it is refused.
Length Judge(const config::v1::RunConfig& config, int64_t tokens, int64_t max_positions, std::string& problem) {
  const int64_t shortest = std::max<int64_t>(1, config.data().min_prompt_tokens()), longest = config.data().max_prompt_tokens();
  const int64_t new_tokens = config.rollout().max_new_tokens();
  const std::string has = absl::StrCat("the prompt has ", tokens, " tokens");
  if (tokens < shortest) {
    problem = absl::StrCat(has, ", fewer than data.min_prompt_tokens = ", shortest, "; lower that, check data.prompt_template, or set data.drop_by_length");
    return Length::kTooShort;
  }
  if (tokens > longest) {
    problem = absl::StrCat(has, ", more than data.max_prompt_tokens = ", longest, "; shorten it, raise data.max_prompt_tokens, or set data.drop_by_length");
    return Length::kTooLong;
  }
  if (max_positions > 0 && tokens + new_tokens > max_positions) {
    problem = absl::StrCat(has, "; with rollout.max_new_tokens = ", new_tokens, " that passes the model's ", max_positions,
                           " positions; shorten it, lower rollout.max_new_tokens, or set data.drop_by_length");
    return Length::kTooLong;
  }
  return Length::kRight;
}

// A chat template may itself begin the reasoning, which only its text shows.
absl::Status CheckThinking(const config::v1::RunConfig& config, const std::string& text) {
  const bool prefilled = absl::EndsWith(absl::StripTrailingAsciiWhitespace(text), "<think>");
  if (prefilled == config.reward().think_prefilled() || !config.data().chat()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      prefilled ? "the chat template ends the prompt with <think>, so completions lack that tag; set reward.think_prefilled to true"
                : "completions are said to begin inside <think> (reward.think_prefilled), but the chat template does not end the prompt with <think>; "
                  "write it into data.assistant_prefix, or set think_prefilled to false");
}

}  // namespace

absl::StatusOr<PromptSet> LoadPrompts(const config::v1::RunConfig& config, const std::string& file, const PromptFormat& format, int64_t max_positions) {
  COHORT_ASSIGN_OR_RETURN(std::vector<Problem> problems, LoadProblems(file, ColumnsOf(config.data())));
  PromptSet set;
  set.prompts.reserve(problems.size());
  for (Problem& problem : problems) {
    auto formatted = format.Format(problem);
    if (!formatted.ok()) return Annotate(formatted.status(), problem.place);
    std::string wrong;
    const Length length = Judge(config, static_cast<int64_t>(formatted->token_ids.size()), max_positions, wrong);
    if (length != Length::kRight) {
      if (!config.data().drop_by_length()) return absl::InvalidArgumentError(absl::StrCat(problem.place, ": ", wrong));
      ++(length == Length::kTooShort ? set.too_short : set.too_long);
      continue;
    }
    if (const absl::Status thinking = CheckThinking(config, formatted->text); !thinking.ok()) return Annotate(thinking, problem.place);
    set.prompts.push_back({std::move(formatted->token_ids), std::move(formatted->text), std::move(problem.answer), std::move(problem.place),
                           std::move(problem.source)});
  }
  if (set.prompts.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": all ", problems.size(), " prompts were left out by their length (", set.too_short, " too short, ",
                                                   set.too_long, " too long); check data.min_prompt_tokens and data.max_prompt_tokens"));
  }
  return set;
}

std::string LeftOutText(const PromptSet& set) {
  if (set.too_short + set.too_long == 0) return "";
  return absl::StrCat(set.too_short + set.too_long, " of ", set.prompts.size() + set.too_short + set.too_long, " rows left out: ", set.too_short,
                      " too short, ", set.too_long, " too long");
}

}  // namespace cohort::data
