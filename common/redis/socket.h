#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace cohort::redis {

// Blocks until the socket `fd` has one of the poll() `events` or an error. DEADLINE_EXCEEDED when it has none before `deadline`.
absl::Status WaitForSocket(int fd, short events, absl::Time deadline);

// Whether the socket has an end, an error or bytes to read. Does not block.
bool HasNews(int fd);

}  // namespace cohort::redis
