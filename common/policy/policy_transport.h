#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/sync/stop.h"

namespace cohort::policy {

// What an announcement says: which version there is, and how to recognise its bytes.
struct PolicyAnnouncement {
  int64_t incarnation = 0;
  int64_t version = 0;
  int64_t size_bytes = 0;
  uint32_t crc32c = 0;
  int64_t max_staleness = 0;  // A worker that holds a version below version - max_staleness is behind.
  bool by_broadcast = false;  // It comes to this worker by the collective; not to be fetched.
};

// Brings the bytes of an announced version to this process. Announcing is separate from transporting so that GPU workers can receive by a collective
// broadcast what others stream over gRPC. Called from one thread at a time.
class PolicyTransport {
 public:
  virtual ~PolicyTransport() = default;

  // Fills `into` (announcement.size_bytes long) with the version's weights. The caller verifies the checksum. NOT_FOUND (reason VERSION_GONE) when a
  // newer version has replaced it, CANCELLED after a stop; the content of `into` is then unspecified.
  virtual absl::Status Fetch(const PolicyAnnouncement& announcement, absl::Span<char> into, const sync::StopToken& stop, absl::Time deadline) = 0;
};

}  // namespace cohort::policy
