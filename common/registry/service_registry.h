#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/redis/pool.h"
#include "proto/cohort/registry/v1/registry.pb.h"

namespace cohort::registry {

// Where the registry of a run lies in Redis; the braces keep it on the node of the run's queue.
struct RegistryKeys {
  explicit RegistryKeys(const std::string& run_id);
  std::string services;         // Set of names.
  std::string service_prefix;   // Before a name.
  std::string event_counter;
  std::string events;
};

// Events read from the log.
struct EventPage {
  std::vector<v1::Event> events;  // In order.
  int64_t next_after = 0;         // Where the next page begins.
  int64_t epoch = 0;              // When the log was begun (µs, clock of Redis); another one: Redis has lost its data and counts anew. 0: no log yet.
  int64_t last = 0;               // Number of the newest event.
  int64_t missed = 0;             // Events before the first one that were dropped before they were read; -1: the whole log was lost.
};

// Which services of a run live, and what happened to them. The records expire when their service stops renewing them (Registration does that), the
// registry itself holds nothing that could not be written again. Thread-safe. Errors are those of redis::Connection.
class ServiceRegistry {
 public:
  // Connects at the first call.
  ServiceRegistry(const std::string& redis_address, const std::string& run_id);

  // Writes a record that lives for `time_to_live`.
  absl::Status Put(const v1::ServiceRecord& record, absl::Duration time_to_live, absl::Time deadline);
  // Removes a record unless another instance has replaced it.
  absl::Status Remove(const v1::ServiceRecord& record, const std::string& why, absl::Time deadline);
  // All live services, by name.
  absl::StatusOr<std::vector<v1::ServiceRecord>> List(absl::Time deadline);

  // Appends an event; its number and time are Redis's. UNAVAILABLE when the outcome is unknown.
  absl::StatusOr<int64_t> Append(const v1::Event& event, absl::Time deadline);
  // Up to `limit` events after number `after` (0: from the oldest that is kept).
  absl::StatusOr<EventPage> ReadEvents(int64_t after, int limit, absl::Time deadline);
  // Number of the last event, 0 when there was none.
  absl::StatusOr<int64_t> LastEvent(absl::Time deadline);

 private:
  const RegistryKeys keys_;
  redis::Pool redis_;
};

}  // namespace cohort::registry
