#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "proto/cohort/learner/v1/trajectory_service.pb.h"

namespace cohort::learner {

// A well-formed group of two completions of run "run", sampled by one policy version.
inline learner::v1::Group TestGroup(int64_t step, int64_t slot, int64_t row, int64_t version, int64_t incarnation = 1) {
  learner::v1::Group group;
  group.set_group_id(absl::StrCat("run/", step, "/", slot));
  group.set_incarnation(incarnation);
  group.set_step(step);
  group.set_slot(slot);
  group.set_row(row);
  group.set_worker_id("worker-0");
  group.set_attempt(1);
  for (int i = 0; i < 2; ++i) {
    auto& completion = *group.add_completions();
    for (int t = 0; t < 3; ++t) {
      completion.add_token_ids(t + i);
      completion.add_sampler_logprobs(-0.5f);
    }
    auto& span = *completion.add_versions();
    span.set_policy_version(version);
    span.set_token_count(3);
    completion.set_finish_reason(common::v1::FINISH_REASON_STOP);
    completion.mutable_score()->set_verdict(reward::v1::VERDICT_CORRECT);
  }
  return group;
}

}  // namespace cohort::learner
