#include "services/admin/acts/request_log.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/admin/cluster/errors.h"

namespace cohort::admin {
namespace {

using redis::LostReply;
using redis::Reply;

constexpr char kLifeSeconds[] = "86400";

// KEYS hash. ARGV content, seconds to live. Returns "new", "reused", "begun", or ["done", answer].
const redis::Script kBeginRequest = {"begin_request", R"lua(
local content = redis.call('HGET', KEYS[1], 'content')
if not content then
  redis.call('HSET', KEYS[1], 'content', ARGV[1])
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  return {'new', ''}
end
if content ~= ARGV[1] then return {'reused', ''} end
local answer = redis.call('HGET', KEYS[1], 'answer')
if answer then return {'done', answer} end
return {'begun', ''}
)lua"};

}  // namespace

RequestLog::RequestLog(const std::string& redis, const std::string& run)
    : prefix_(absl::StrCat("cohort:{", run, "}:request:")), redis_({.address = redis, .client_name = "cohort-admin"}, 2) {}

absl::StatusOr<RequestLog::Known> RequestLog::Begin(const std::string& request_id, const std::string& content, absl::Time deadline) {
  absl::StatusOr<Reply> reply = redis_.Run(kBeginRequest, {prefix_ + request_id}, {content, kLifeSeconds}, deadline, LostReply::kRepeat);
  if (!reply.ok()) return OfRedis(reply.status());
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> parts, redis::AsArray(*std::move(reply), 2));
  if (parts[0].text == "reused") {
    return ErrorWithReason(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED",
                           absl::StrCat("request_id: '", request_id, "' was used for another request within the last day; take a new one"));
  }
  return Known{parts[0].text == "done", parts[1].text};
}

absl::Status RequestLog::Finish(const std::string& request_id, const std::string& answer, absl::Time deadline) {
  return OfRedis(redis_.Command({"HSET", prefix_ + request_id, "answer", answer}, deadline, LostReply::kRepeat).status());
}

absl::Status RequestLog::Forget(const std::string& request_id, absl::Time deadline) {
  return OfRedis(redis_.Command({"DEL", prefix_ + request_id}, deadline, LostReply::kRepeat).status());
}

absl::Status CheckRequestId(const std::string& id) {
  bool good = id.size() <= 64;
  for (const char c : id) good = good && (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-');
  return good ? absl::OkStatus() : absl::InvalidArgumentError("request_id: 1 to 64 characters of A-Z a-z 0-9 . _ - are allowed");
}

}  // namespace cohort::admin
