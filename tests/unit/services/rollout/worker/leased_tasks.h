#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/metrics/metrics.h"
#include "common/queue/in_memory_prompt_queue.h"
#include "common/testing/status_matchers.h"
#include "services/rollout/worker/group_finisher.h"
#include "services/rollout/worker/lease_keeper.h"
#include "services/rollout/worker/worker_metrics.h"

namespace cohort::rollout {

// A worker's leases on a queue within the process, with a real finisher; nothing is graded or handed in.
class LeasedTasks {
 public:
  static absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

  LeasedTasks() {
    const char* source = std::getenv("COHORT_SOURCE");
    auto tokenizer = text::Tokenizer::Load(std::string(source == nullptr ? "." : source) + "/configs/tiny");
    EXPECT_OK(tokenizer);
    tokenizer_ = *std::move(tokenizer);
    EXPECT_OK(queue.BeginIncarnation(Soon()));
    finisher = std::make_unique<GroupFinisher>(FinisherOptions{.worker_id = "w", .learner_address = "127.0.0.1:1", .reward_address = "127.0.0.1:1"}, *tokenizer_,
                                               queue, leases, metrics);
  }

  // A task of `step` that the policies from `first` to `last` may sample, leased.
  std::shared_ptr<HeldLease> Lease(int64_t step, int64_t first = 4, int64_t last = 4, int32_t token = 7) {
    prompt::v1::PromptTask task;
    task.set_group_id(absl::StrCat("run/", step, "/0"));
    task.set_incarnation(1);
    task.set_step(step);
    task.set_min_policy_version(first);
    task.set_max_policy_version(last);
    task.add_prompt_token_ids(token);
    EXPECT_OK(queue.Issue({task}, Soon()));
    return leases.Hold((*queue.Take(1, Soon()))[0]);
  }

  // Once everything is settled, the tasks that another worker can lease at once.
  std::vector<queue::Lease> GivenBack() {
    EXPECT_TRUE(finisher->WaitUntilDone(Soon()));
    return *queue.Take(100, absl::Now());
  }

  // What a process of this worker's name finds when it begins: leases that nobody ended.
  std::vector<queue::Lease> LeftBehind() { return *queue::InMemoryPromptQueue(state_, Options()).Take(100, absl::Now()); }

 private:
  static queue::QueueOptions Options() {
    queue::QueueOptions options;
    options.run_id = "run";
    options.consumer = "w";
    return options;
  }

  const std::shared_ptr<queue::InMemoryQueueState> state_ = std::make_shared<queue::InMemoryQueueState>();
  std::unique_ptr<text::Tokenizer> tokenizer_;
  metrics::Registry registry_;

 public:
  WorkerMetrics metrics{registry_};
  queue::InMemoryPromptQueue queue{state_, Options()};
  LeaseKeeper leases{queue, absl::Seconds(10)};
  std::unique_ptr<GroupFinisher> finisher;
};

}  // namespace cohort::rollout
