#pragma once

#include <cstdint>
#include <vector>

#include "common/data/prompts.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "proto/cohort/prompt/v1/prompt.pb.h"
#include "services/learner/schedule/group_trace.h"
#include "services/learner/schedule/schedule.h"

namespace cohort::learner {

// Turns a place in the run into the task that a worker gets. Everything in the task but the incarnation and the trace is a pure function of
// config and data.
//
// Not thread-safe. Keeps references: config and prompts outlive the builder.
class TaskBuilder {
 public:
  TaskBuilder(const config::v1::RunConfig& config, const std::vector<data::PreparedPrompt>& prompts, int64_t incarnation);

  prompt::v1::PromptTask Build(int64_t step, int64_t slot);

  // The prompt of a place.
  const data::PreparedPrompt& Prompt(int64_t step, int64_t slot) { return prompts_[schedule_.Row(step, slot)]; }
  int64_t Row(int64_t step, int64_t slot) { return schedule_.Row(step, slot); }
  int64_t slots_per_step() const { return schedule_.slots_per_step(); }

 private:
  const config::v1::RunConfig& config_;
  const std::vector<data::PreparedPrompt>& prompts_;
  const int64_t incarnation_;
  const GroupTraces traces_;
  Schedule schedule_;
};

// The schedule that `config` asks for over `rows` rows.
Schedule::Options ScheduleOptions(const config::v1::RunConfig& config, int64_t rows);

}  // namespace cohort::learner
