#pragma once

#include <string>

#include "common/data/prompts.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "proto/cohort/learner/v1/trajectory_service.pb.h"

namespace cohort::learner {

// Lines of samples.jsonl: the first completions of one group, for people and for the report. Keys: step, group_id, sample, prompt, gold_answer, source
// (where the data set names one), text, verdict ("CORRECT"), format_ok, format_reason ("MISSING_TAG"), reward, masked, tokens, finish_reason ("STOP"), trace_id.
std::string SampleLines(const config::v1::RunConfig& config, const learner::v1::Group& group, const data::PreparedPrompt& prompt);

}  // namespace cohort::learner
