#include "common/queue/queue_inspector.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/queue/redis_queue_scripts.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::queue {
namespace {

using redis::AsArray;
using redis::AsInteger;
using redis::AsString;
using redis::LostReply;
using redis::Reply;

constexpr int kConnections = 4;

absl::Status NoQueue(const std::string& stream) {
  return ErrorWithReason(absl::StatusCode::kNotFound, "NO_QUEUE", absl::StrCat("there is no queue ", stream, "; has the learner started?"));
}

absl::Status UnknownLetter(const std::string& id) {
  return ErrorWithReason(absl::StatusCode::kNotFound, "UNKNOWN_DEAD_LETTER", absl::StrCat("there is no dead letter '", id, "'"));
}

// Whether `id` has the form of an entry's id: digits, "-", digits.
bool IsEntryId(const std::string& id) {
  const size_t dash = id.find('-');
  if (dash == 0 || dash == std::string::npos || dash + 1 == id.size() || id.size() > 40) return false;
  return id.find_first_not_of("0123456789", dash + 1) == std::string::npos && id.find_first_not_of("0123456789") == dash;
}

}  // namespace

QueueInspector::QueueInspector(const std::string& redis_address, const std::string& run_id)
    : keys_(run_id), redis_({.address = redis_address, .client_name = "cohort-inspector"}, kConnections) {}

absl::StatusOr<QueueCounters> QueueInspector::Look(absl::Time deadline) {
  absl::StatusOr<Reply> reply = redis_.Run(kInspect, {keys_.incarnation, keys_.stream, keys_.dead}, {keys_.group}, deadline, LostReply::kRepeat);
  if (ErrorReason(reply.status()) == "NOGROUP") return NoQueue(keys_.stream);
  COHORT_RETURN_IF_ERROR(reply.status());
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> fields, AsArray(*std::move(reply), 8));
  QueueCounters counters;
  COHORT_ASSIGN_OR_RETURN(counters.stats, ParseStats(fields));
  COHORT_ASSIGN_OR_RETURN(counters.issued, AsInteger(fields[6]));
  COHORT_ASSIGN_OR_RETURN(counters.delivered, AsInteger(fields[7]));
  counters.settled = counters.issued - counters.stats.backlog - counters.stats.leased;
  return counters;
}

absl::StatusOr<std::vector<DeadEntry>> QueueInspector::DeadLetters(const std::string& after, int limit, absl::Time deadline) {
  const std::string from = after.empty() ? "-" : absl::StrCat("(", after);
  COHORT_ASSIGN_OR_RETURN(Reply reply, redis_.Command({"XRANGE", keys_.dead, from, "+", "COUNT", absl::StrCat(limit)}, deadline, LostReply::kRepeat));
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> entries, AsArray(std::move(reply)));
  std::vector<DeadEntry> letters;
  for (const Reply& entry : entries) {
    COHORT_ASSIGN_OR_RETURN(DeadEntry letter, ParseDeadEntry(entry));
    letters.push_back(std::move(letter));
  }
  return letters;
}

absl::StatusOr<DeadEntry> QueueInspector::DeadLetter(const std::string& id, absl::Time deadline) {
  if (!IsEntryId(id)) return UnknownLetter(id);
  COHORT_ASSIGN_OR_RETURN(Reply reply, redis_.Command({"XRANGE", keys_.dead, id, id}, deadline, LostReply::kRepeat));
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> entries, AsArray(std::move(reply)));
  if (entries.empty()) return UnknownLetter(id);
  return ParseDeadEntry(entries[0]);
}

absl::StatusOr<int64_t> QueueInspector::Requeue(const std::vector<DeadEntry>& letters, absl::Time deadline) {
  if (letters.empty()) return 0;
  std::vector<std::string> arguments = {absl::StrCat(letters[0].letter.task().incarnation())};
  for (const DeadEntry& letter : letters) arguments.insert(arguments.end(), {letter.id, letter.letter.task().group_id()});
  COHORT_ASSIGN_OR_RETURN(const Reply reply,
                          redis_.Run(kRequeue, {keys_.incarnation, keys_.stream, keys_.dead}, arguments, deadline, LostReply::kReport));
  return AsInteger(reply);
}

absl::StatusOr<int64_t> QueueInspector::Purge(const std::vector<DeadEntry>& letters, absl::Time deadline) {
  if (letters.empty()) return 0;
  std::vector<std::string> command = {"XDEL", keys_.dead};
  for (const DeadEntry& letter : letters) command.push_back(letter.id);
  COHORT_ASSIGN_OR_RETURN(const Reply reply, redis_.Command(command, deadline, LostReply::kReport));
  return AsInteger(reply);
}

}  // namespace cohort::queue
