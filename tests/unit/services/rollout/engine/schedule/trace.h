#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>

#include "common/random/philox.h"
#include "services/rollout/engine/schedule/scheduler.h"
#include "tests/unit/services/rollout/engine/schedule/model_cache.h"

namespace cohort::rollout::testing {

// Aborts a group that `ledger` waits for, or one of its samples.
inline void AbortSomebody(random::Stream& stream, Scheduler& scheduler, Ledger& ledger) {
  auto victim = ledger.waiting().begin();
  std::advance(victim, stream.NextBelow(static_cast<uint32_t>(ledger.waiting().size())));
  if (stream.NextBelow(3) == 0) {
    scheduler.Abort(victim->first);
    ledger.Aborted(victim->first);
    return;
  }
  const int sample = static_cast<int>(stream.NextBelow(victim->second.samples));
  ledger.AbortedSample(victim->first, sample);
  scheduler.AbortSample(victim->first, sample);
  ledger.Check(scheduler.completions().TakeFinished());
}

// Adds twelve groups as they fit, aborts some, and calls step() until all are back, whole and without a page lost. `options` are the scheduler's.
template <typename Step>
void DriveTrace(random::Stream& stream, const SchedulerOptions& options, Scheduler& scheduler, Ledger& ledger, Step step) {
  int64_t next = 0;
  for (int steps = 0; next < 12 || !ledger.empty(); ++steps) {
    while (next < 12) {
      const GroupRequest request = RandomRequest(stream, next, 20, 10, 40);
      if (!scheduler.Add(request).ok()) break;
      ledger.Added(request);
      ++next;
    }
    if (!ledger.empty() && stream.NextBelow(40) == 0) AbortSomebody(stream, scheduler, ledger);
    step();
    ledger.Check(scheduler.completions().TakeFinished());
    if (::testing::Test::HasFailure() || steps > 20000) break;
  }
  EXPECT_TRUE(ledger.empty());
  EXPECT_TRUE(scheduler.empty());
  EXPECT_EQ(scheduler.free_pages(), options.pages) << "a page was lost";
}

}  // namespace cohort::rollout::testing
