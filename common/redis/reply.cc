#include "common/redis/reply.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/errors.h"

namespace cohort::redis {
namespace {

const char* NameOf(Reply::Kind kind) {
  switch (kind) {
    case Reply::Kind::kNil: return "nil";
    case Reply::Kind::kInteger: return "an integer";
    case Reply::Kind::kString: return "a string";
    case Reply::Kind::kArray: return "an array";
  }
  return "?";
}

absl::Status Unexpected(const Reply& reply, absl::string_view wanted) {
  return absl::InternalError(absl::StrCat("redis answered ", NameOf(reply.kind), " where ", wanted, " was expected"));
}

// The leading code of an error line: capitals, digits and underscores.
std::string CodeOf(absl::string_view line) {
  size_t length = 0;
  while (length < line.size() && (absl::ascii_isupper(line[length]) || absl::ascii_isdigit(line[length]) || line[length] == '_')) ++length;
  return std::string(line.substr(0, length));
}

absl::StatusCode StatusCodeOf(absl::string_view code) {
  if (code == "OOM") return absl::StatusCode::kResourceExhausted;
  for (const absl::string_view later : {"LOADING", "BUSY", "MASTERDOWN", "TRYAGAIN"}) {
    if (code == later) return absl::StatusCode::kUnavailable;
  }
  for (const absl::string_view denied : {"NOAUTH", "NOPERM", "WRONGPASS"}) {
    if (code == denied) return absl::StatusCode::kPermissionDenied;
  }
  if (code.empty() || code == "ERR") return absl::StatusCode::kInternal;
  return absl::StatusCode::kFailedPrecondition;
}

}  // namespace

absl::StatusOr<int64_t> AsInteger(const Reply& reply) {
  if (reply.kind == Reply::Kind::kInteger) return reply.integer;
  int64_t value = 0;
  if (reply.kind == Reply::Kind::kString && absl::SimpleAtoi(reply.text, &value)) return value;
  return Unexpected(reply, "an integer");
}

absl::StatusOr<std::string> AsString(const Reply& reply) {
  if (reply.kind != Reply::Kind::kString) return Unexpected(reply, "a string");
  return reply.text;
}

absl::StatusOr<std::vector<Reply>> AsArray(Reply reply, int64_t size) {
  if (reply.kind != Reply::Kind::kArray) return Unexpected(reply, "an array");
  if (size >= 0 && static_cast<int64_t>(reply.elements.size()) != size) {
    return absl::InternalError(absl::StrCat("redis answered an array of ", reply.elements.size(), " elements where ", size, " were expected"));
  }
  return std::move(reply.elements);
}

absl::Status ErrorOf(absl::string_view line) {
  const std::string code = CodeOf(line);
  return ErrorWithReason(StatusCodeOf(code), code, line);
}

}  // namespace cohort::redis
