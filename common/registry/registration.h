#pragma once

#include <deque>
#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/registry/service_registry.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "proto/cohort/registry/v1/registry.pb.h"

namespace cohort::registry {

// How often a service writes its record, and after how long without that it counts as silent: two were missed, and the third is late.
inline constexpr absl::Duration kHeartbeatPeriod = absl::Seconds(1);
inline constexpr absl::Duration kSilence = absl::Seconds(3);

// Keeps the record of this process in the registry as long as it lives, on a thread of its own; the destructor takes it out (half a second at most).
//
// Nothing depends on it: an unreachable Redis is tried again, with one warning for each outage, and never keeps the service from its work.
// Thread-safe.
class Registration {
 public:
  struct Options {
    std::string redis;
    std::string run;
    // name, role, endpoint, metrics_endpoint and state; what can be found out by itself (pid, host, version, instance, start) is added.
    v1::ServiceRecord record;
    // Called on the registration's thread before every heartbeat to bring the record up to date; may be null.
    std::function<void(v1::ServiceRecord& record)> refresh;
    absl::Duration period = kHeartbeatPeriod;
    absl::Duration time_to_live = absl::Seconds(10);
  };
  explicit Registration(Options options);
  ~Registration();

  // Changes the record and writes it at once.
  void Update(const std::function<void(v1::ServiceRecord& record)>& change) ABSL_LOCKS_EXCLUDED(mutex_);

  // Has the registration's thread append an event. The oldest of more than 256 that Redis could not take are dropped, with a warning.
  void Tell(v1::EventKind kind, const std::string& subject, const std::string& message);

 private:
  void Loop();
  void Beat();
  // Appends what was told first, `most` events; stops at the first one that Redis does not take.
  void SendEvents(size_t most, absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);

  const Options options_;
  ServiceRegistry registry_;
  sync::StopSource stop_;
  absl::Mutex mutex_;
  v1::ServiceRecord record_ ABSL_GUARDED_BY(mutex_);
  std::deque<v1::Event> events_ ABSL_GUARDED_BY(mutex_);  // Not sent yet.
  bool changed_ ABSL_GUARDED_BY(mutex_) = false;
  bool reachable_ = true;  // Of the thread alone.
  absl::Time warned_ = absl::InfinitePast();  // Of the thread alone.
  sync::Thread thread_;
};

}  // namespace cohort::registry
