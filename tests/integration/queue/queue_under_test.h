#pragma once

#include <memory>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/queue/prompt_queue.h"

namespace cohort::queue {

// One implementation of PromptQueue with what a test needs around it.
class QueueUnderTest {
 public:
  virtual ~QueueUnderTest() = default;

  // Another process' view of the same queue. The options' consumer is its name.
  virtual absl::StatusOr<std::unique_ptr<PromptQueue>> Open(QueueOptions options) = 0;

  // Makes every lease older by `age`, without waiting.
  virtual void AgeLeases(absl::Duration age) = 0;
};

// How the suite makes one, with a name for its output.
struct QueueKind {
  std::string name;
  std::unique_ptr<QueueUnderTest> (*make)();
};
inline std::ostream& operator<<(std::ostream& out, const QueueKind& kind) { return out << kind.name; }

std::unique_ptr<QueueUnderTest> MakeInMemoryQueue();
// On a real redis-server that this process starts once; every queue gets a run of its own.
std::unique_ptr<QueueUnderTest> MakeRedisQueue();

}  // namespace cohort::queue
