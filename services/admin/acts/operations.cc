#include "services/admin/acts/operations.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/admin/cluster/errors.h"

namespace cohort::admin {
namespace {

using redis::LostReply;
using redis::Reply;

constexpr char kKept[] = "1000";

// KEYS hash of operations by name; its field "#" counts them. ARGV number of operations kept. Returns the next number and drops the oldest.
const redis::Script kNextOperation = {"next_operation", R"lua(
local number = redis.call('HINCRBY', KEYS[1], '#', 1)
redis.call('HDEL', KEYS[1], 'op-' .. (number - tonumber(ARGV[1])))
return number
)lua"};

// KEYS hash. ARGV name, content before, content after. Returns what stands there then.
const redis::Script kReplaceOperation = {"replace_operation", R"lua(
local stands = redis.call('HGET', KEYS[1], ARGV[1])
if stands ~= ARGV[2] then return stands or '' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return ARGV[3]
)lua"};

absl::Status Unknown(const std::string& name) {
  return ErrorWithReason(absl::StatusCode::kNotFound, "UNKNOWN_OPERATION", absl::StrCat("there is no operation '", name, "'"));
}

absl::StatusOr<v1::Operation> Parse(const std::string& bytes) {
  v1::Operation operation;
  if (!operation.ParseFromString(bytes)) return absl::DataLossError("a stored operation cannot be read");
  return operation;
}

int64_t NumberOf(const v1::Operation& operation) {
  int64_t number = 0;
  return absl::SimpleAtoi(absl::StripPrefix(operation.name(), "op-"), &number) ? number : 0;
}

}  // namespace

Operations::Operations(const std::string& redis, const std::string& run)
    : key_(absl::StrCat("cohort:{", run, "}:operations")), redis_({.address = redis, .client_name = "cohort-admin"}, 2) {}

absl::StatusOr<v1::Operation> Operations::Begin(v1::Operation operation, const std::string& actor, const std::string& request_id, absl::Time deadline) {
  operation.set_state(v1::OPERATION_STATE_RUNNING);
  operation.set_actor(actor);
  operation.set_request_id(request_id);
  operation.set_created_at_ms(absl::ToUnixMillis(absl::Now()));
  const absl::StatusOr<Reply> number = redis_.Run(kNextOperation, {key_}, {kKept}, deadline, LostReply::kRepeat);
  if (!number.ok()) return OfRedis(number.status());
  operation.set_name(absl::StrCat("op-", number->integer));
  const absl::Status stored =
      redis_.Command({"HSET", key_, operation.name(), operation.SerializeAsString()}, deadline, LostReply::kRepeat).status();
  if (!stored.ok()) return OfRedis(stored);
  return operation;
}

absl::StatusOr<v1::Operation> Operations::Get(const std::string& name, absl::Time deadline) {
  if (!absl::StartsWith(name, "op-")) return Unknown(name);
  const absl::StatusOr<Reply> reply = redis_.Command({"HGET", key_, name}, deadline, LostReply::kRepeat);
  if (!reply.ok()) return OfRedis(reply.status());
  if (reply->is_nil()) return Unknown(name);
  return Parse(reply->text);
}

absl::StatusOr<std::vector<v1::Operation>> Operations::All(absl::Time deadline) {
  absl::StatusOr<Reply> reply = redis_.Command({"HVALS", key_}, deadline, LostReply::kRepeat);
  if (!reply.ok()) return OfRedis(reply.status());
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> values, redis::AsArray(*std::move(reply)));
  std::vector<v1::Operation> operations;
  for (const Reply& value : values) {
    // The counter stands among them.
    const absl::StatusOr<v1::Operation> operation = Parse(value.text);
    if (operation.ok() && NumberOf(*operation) > 0) operations.push_back(*operation);
  }
  std::sort(operations.begin(), operations.end(), [](const auto& a, const auto& b) { return NumberOf(a) > NumberOf(b); });
  return operations;
}

absl::StatusOr<v1::Operation> Operations::Replace(const v1::Operation& before, const v1::Operation& after, absl::Time deadline) {
  const absl::StatusOr<Reply> reply = redis_.Run(kReplaceOperation, {key_}, {before.name(), before.SerializeAsString(), after.SerializeAsString()},
                                                 deadline, LostReply::kRepeat);
  if (!reply.ok()) return OfRedis(reply.status());
  if (reply->text.empty()) return Unknown(before.name());
  return Parse(reply->text);
}

}  // namespace cohort::admin
