#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cohort::redis {

// One reply of a Redis server, without the errors: those become absl::Status. A plain value.
struct Reply {
  enum class Kind { kNil, kInteger, kString, kArray };
  Kind kind = Kind::kNil;
  int64_t integer = 0;
  std::string text;             // kString: bulk strings and status lines alike.
  std::vector<Reply> elements;  // kArray.

  bool is_nil() const { return kind == Kind::kNil; }
  bool is_array() const { return kind == Kind::kArray; }
};

// The content of a reply of that kind; INTERNAL when the server answered something else. A string of digits also reads as an integer.
absl::StatusOr<int64_t> AsInteger(const Reply& reply);
absl::StatusOr<std::string> AsString(const Reply& reply);
// Also checks the number of elements, unless `size` is negative.
absl::StatusOr<std::vector<Reply>> AsArray(Reply reply, int64_t size = -1);

// What a server's error line ("NOGROUP No such key …") means. Its first word is the status' reason (common/status/errors.h).
//   RESOURCE_EXHAUSTED   OOM: the memory limit is reached and nothing was written.
//   UNAVAILABLE          LOADING, BUSY, MASTERDOWN, TRYAGAIN: nothing was done; try again later.
//   FAILED_PRECONDITION  every other code: NOGROUP, UNBLOCKED, NOSCRIPT, READONLY, MISCONF, and those that our scripts raise.
//   PERMISSION_DENIED    NOAUTH, NOPERM, WRONGPASS.
//   INTERNAL             ERR, or no code at all.
absl::Status ErrorOf(absl::string_view line);

}  // namespace cohort::redis
