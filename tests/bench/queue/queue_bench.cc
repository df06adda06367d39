// Operations per second of the prompt queue, in memory and on a real redis-server: prints a table.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/queue/in_memory_prompt_queue.h"
#include "common/queue/redis_prompt_queue.h"
#include "common/sync/thread.h"
#include "common/testing/redis_server.h"

namespace cohort::queue {
namespace {

constexpr int kPromptTokens = 256;

using OpenQueue = std::function<std::unique_ptr<PromptQueue>(QueueOptions options)>;

absl::Time Soon() { return absl::Now() + absl::Minutes(1); }

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

template <typename T>
T Value(absl::StatusOr<T> result) {
  Check(result.status());
  return *std::move(result);
}

std::vector<prompt::v1::PromptTask> MakeTasks(int count) {
  std::vector<prompt::v1::PromptTask> tasks(count);
  for (int i = 0; i < count; ++i) {
    tasks[i].set_group_id(absl::StrCat("run/0/", i));
    tasks[i].set_gold_answer("42");
    for (int token = 0; token < kPromptTokens; ++token) tasks[i].add_prompt_token_ids(token * 37 % 32000);
  }
  return tasks;
}

// How often a second `work` does one of its `count` things.
double Rate(int count, const std::function<void()>& work) {
  const absl::Time start = absl::Now();
  work();
  return count / absl::ToDoubleSeconds(absl::Now() - start);
}

struct Rates {
  double issue = 0, take = 0, renew = 0, acknowledge = 0, workers = 0;
};

// Takes and acknowledges `tasks` tasks with several workers at once. Returns tasks per second until the last acknowledgement.
double DrainRate(const OpenQueue& open, int tasks, int workers, int batch) {
  std::vector<std::unique_ptr<PromptQueue>> queues;
  for (int i = 0; i < workers; ++i) queues.push_back(open({.run_id = "bench", .consumer = absl::StrCat("worker-", i)}));
  std::atomic<int> left{tasks};
  const absl::Time start = absl::Now();
  std::atomic<int64_t> nanoseconds{1};
  {
    std::vector<sync::Thread> threads;
    for (const auto& queue : queues) {
      threads.emplace_back("worker", [&, batch] {
        while (left > 0) {
          for (const Lease& lease : Value(queue->Take(batch, absl::Now() + absl::Seconds(1)))) {
            Check(queue->Acknowledge(lease, Soon()));
            if (--left == 0) nanoseconds = absl::ToInt64Nanoseconds(absl::Now() - start);
          }
        }
      });
    }
  }
  return tasks * 1e9 / static_cast<double>(nanoseconds);
}

Rates Measure(const OpenQueue& open, int count, int batch) {
  const auto tasks = MakeTasks(count);
  const auto learner = open({.run_id = "bench", .consumer = "learner"});
  const auto worker = open({.run_id = "bench", .consumer = "worker", .lease = absl::Minutes(10)});
  const auto issue_all = [&] {
    for (int i = 0; i < count; i += batch) {
      Check(learner->Issue({tasks.begin() + i, tasks.begin() + std::min(count, i + batch)}, Soon()));
    }
  };
  Check(learner->BeginIncarnation(Soon()).status());
  std::vector<Lease> held;
  Rates rates;
  rates.issue = Rate(count, issue_all);
  rates.take = Rate(count, [&] {
    while (std::ssize(held) < count) std::ranges::move(Value(worker->Take(batch, Soon())), std::back_inserter(held));
  });
  rates.renew = Rate(count, [&] {
    for (const Lease& lease : held) Check(worker->Renew(lease, Soon()));
  });
  rates.acknowledge = Rate(count, [&] {
    for (const Lease& lease : held) Check(worker->Acknowledge(lease, Soon()));
  });
  issue_all();
  rates.workers = DrainRate(open, count, /*workers=*/4, batch);
  return rates;
}

void Print(const std::string& name, int count, const OpenQueue& open) {
  for (const int batch : {1, 16}) {
    const Rates rates = Measure(open, count, batch);
    std::printf("%-34s %6d %5d %10.0f %10.0f %10.0f %12.0f %14.0f\n", name.c_str(), count, batch, rates.issue, rates.take, rates.renew,
                rates.acknowledge, rates.workers);
    std::fflush(stdout);
  }
}

OpenQueue OnServer(const testing::RedisServer& server) {
  return [&server](QueueOptions options) { return Value(RedisPromptQueue::Open(server.address(), std::move(options), Soon())); };
}

int Main() {
  std::printf("prompt queue, tasks per second; %d prompt tokens a task\n", kPromptTokens);
  std::printf("%-34s %6s %5s %10s %10s %10s %12s %14s\n", "", "tasks", "batch", "issue", "take", "renew", "acknowledge", "4 workers t+a");
  const auto state = std::make_shared<InMemoryQueueState>();
  Print("in memory", 2048, [&](QueueOptions options) { return std::make_unique<InMemoryPromptQueue>(state, std::move(options)); });
  const auto plain = Value(testing::RedisServer::Start());
  Print("redis", 2048, OnServer(*plain));
  const auto durable = Value(testing::RedisServer::Start({.append_only = true}));
  Print("redis, AOF, fsync at every write", 512, OnServer(*durable));
  return 0;
}

}  // namespace
}  // namespace cohort::queue

int main() { return cohort::queue::Main(); }
