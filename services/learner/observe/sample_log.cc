#include "services/learner/observe/sample_log.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"
#include "services/learner/reward/scalar_reward.h"

namespace cohort::learner {
namespace {

constexpr int kSamplesPerGroup = 4;

// "VERDICT_CORRECT" -> "CORRECT".
std::string Short(absl::string_view name, absl::string_view prefix) { return std::string(absl::StripPrefix(name, prefix)); }

}  // namespace

std::string SampleLines(const config::v1::RunConfig& config, const learner::v1::Group& group, const data::PreparedPrompt& prompt) {
  std::string lines;
  const std::vector<ScalarReward> rewards = ScalarizeGroup(config, group);
  for (int i = 0; i < std::min(kSamplesPerGroup, group.completions_size()); ++i) {
    const learner::v1::Completion& completion = group.completions(i);
    const ScalarReward& reward = rewards[i];
    nlohmann::ordered_json line;
    line["step"] = group.step();
    line["group_id"] = group.group_id();
    line["sample"] = i;
    line["prompt"] = prompt.text;
    line["gold_answer"] = prompt.gold_answer;
    if (!prompt.source.empty()) line["source"] = prompt.source;
    line["text"] = completion.text();
    line["verdict"] = Short(reward::v1::Verdict_Name(completion.score().verdict()), "VERDICT_");
    line["format_ok"] = completion.score().format_ok();
    line["format_reason"] = Short(reward::v1::FormatReason_Name(completion.score().format_reason()), "FORMAT_REASON_");
    line["reward"] = reward.value;
    line["masked"] = reward.masked;
    line["tokens"] = completion.token_ids_size();
    line["finish_reason"] = Short(common::v1::FinishReason_Name(completion.finish_reason()), "FINISH_REASON_");
    line["trace_id"] = group.trace_id();
    absl::StrAppend(&lines, line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), "\n");
  }
  return lines;
}

}  // namespace cohort::learner
