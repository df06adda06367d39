#include "services/learner/schedule/prompts.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/data/problems.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::learner {
namespace {

absl::Status CheckLength(const config::v1::RunConfig& config, int64_t tokens, int64_t max_positions, const std::string& place) {
  if (tokens == 0) return absl::InvalidArgumentError(absl::StrCat(place, ": the prompt has no tokens; check data.prompt_template"));
  const int64_t longest = config.data().max_prompt_tokens();
  if (tokens > longest) {
    return absl::InvalidArgumentError(absl::StrCat(place, ": the prompt has ", tokens, " tokens, more than data.max_prompt_tokens = ", longest,
                                                   "; shorten it, drop the line or raise data.max_prompt_tokens"));
  }
  if (tokens + config.rollout().max_new_tokens() > max_positions) {
    return absl::InvalidArgumentError(absl::StrCat(place, ": the prompt has ", tokens, " tokens; with rollout.max_new_tokens = ",
                                                   config.rollout().max_new_tokens(), " that passes the model's ", max_positions,
                                                   " positions; shorten it or lower rollout.max_new_tokens"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string ApplyTemplate(const std::string& prompt_template, const std::string& prompt) {
  return absl::StrReplaceAll(prompt_template, {{"{prompt}", prompt}});
}

absl::StatusOr<std::vector<PreparedPrompt>> LoadPrompts(const config::v1::RunConfig& config, const text::Tokenizer& tokenizer,
                                                        int64_t max_positions) {
  const std::string& file = config.data().train();
  COHORT_ASSIGN_OR_RETURN(const std::vector<data::Problem> problems, data::LoadProblems(file));
  std::vector<PreparedPrompt> prompts;
  prompts.reserve(problems.size());
  for (const data::Problem& problem : problems) {
    PreparedPrompt prompt;
    prompt.line = problem.line;
    const std::string place = absl::StrCat(file, ":", prompt.line);
    prompt.text = ApplyTemplate(config.data().prompt_template(), problem.prompt);
    prompt.gold_answer = problem.answer;
    prompt.source = problem.source;
    auto ids = tokenizer.Encode(prompt.text, /*add_special_tokens=*/true);
    if (!ids.ok()) return Annotate(ids.status(), place);
    prompt.token_ids = *std::move(ids);
    COHORT_RETURN_IF_ERROR(CheckLength(config, prompt.token_ids.size(), max_positions, place));
    prompts.push_back(std::move(prompt));
  }
  return prompts;
}

}  // namespace cohort::learner
