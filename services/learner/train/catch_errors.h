#pragma once

#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cohort::learner {

// The boundary between LibTorch, whose functions throw, and everything that returns statuses.

// Only while an exception is handled: what was caught, as a status. RESOURCE_EXHAUSTED, with what to change, when the memory of a GPU or the host runs out;
// INTERNAL with the message, without a stack trace, for all else.
absl::Status CaughtError();

// Returns what `body` returns, as absl::StatusOr<T>; absl::Status where that is nothing or one already. An exception becomes CaughtError().
template <typename Body>
auto CatchErrors(const Body& body) {
  using T = decltype(body());
  using Result = std::conditional_t<std::is_void_v<T> || std::is_same_v<T, absl::Status>, absl::Status, absl::StatusOr<T>>;
  try {
    if constexpr (std::is_void_v<T>) {
      body();
      return absl::OkStatus();
    } else {
      return Result(body());
    }
  } catch (...) {
    return Result(CaughtError());
  }
}

}  // namespace cohort::learner
