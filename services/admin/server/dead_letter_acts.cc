// The calls of AdminService that requeue dead letters, or throw them away.
#include <algorithm>
#include <functional>
#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/admin/server/admin_service.h"

namespace cohort::admin {
namespace {

constexpr int kBatch = 500;  // Dead letters per call to Redis.

// Calls `act` for all of them, a batch at a time; the sum of what it returns.
absl::StatusOr<int64_t> InBatches(const std::vector<queue::DeadEntry>& letters,
                                  const std::function<absl::StatusOr<int64_t>(const std::vector<queue::DeadEntry>&)>& act) {
  int64_t sum = 0;
  for (size_t begin = 0; begin < letters.size(); begin += kBatch) {
    const size_t end = std::min(letters.size(), begin + kBatch);
    const absl::StatusOr<int64_t> done = act({letters.begin() + begin, letters.begin() + end});
    if (!done.ok()) return OfRedis(done.status());
    sum += *done;
  }
  return sum;
}

}  // namespace

absl::StatusOr<std::vector<queue::DeadEntry>> AdminServiceImpl::Letters(const google::protobuf::RepeatedPtrField<std::string>& names, bool all,
                                                                        absl::Time deadline) {
  if (all == !names.empty()) return absl::InvalidArgumentError("names, all: give either names or all");
  std::vector<queue::DeadEntry> letters;
  for (const std::string& name : names) {
    auto letter = parts_.queue.inspector().DeadLetter(name, deadline);
    if (!letter.ok()) return OfRedis(letter.status());
    letters.push_back(*std::move(letter));
  }
  while (all) {
    auto page = parts_.queue.inspector().DeadLetters(letters.empty() ? "" : letters.back().id, kBatch, deadline);
    if (!page.ok()) return OfRedis(page.status());
    if (page->empty()) break;
    letters.insert(letters.end(), std::make_move_iterator(page->begin()), std::make_move_iterator(page->end()));
  }
  return letters;
}

grpc::Status AdminServiceImpl::RequeueDeadLetters(grpc::ServerContext* context, const v1::RequeueDeadLettersRequest* request,
                                                  v1::RequeueDeadLettersResponse* response) {
  return acts_.Run(*context, "RequeueDeadLetters", *request, response, [&](const Caller&, absl::Time deadline) -> absl::StatusOr<Audit> {
    COHORT_ASSIGN_OR_RETURN(const std::vector<queue::DeadEntry> letters, Letters(request->names(), request->all(), deadline));
    const absl::StatusOr<queue::QueueCounters> counters = parts_.queue.inspector().Look(deadline);
    if (!counters.ok()) return OfRedis(counters.status());
    std::vector<queue::DeadEntry> current;
    for (const queue::DeadEntry& letter : letters) {
      if (letter.letter.task().incarnation() == counters->stats.incarnation) current.push_back(letter);
    }
    response->set_outdated(static_cast<int64_t>(letters.size() - current.size()));
    auto requeued = static_cast<int64_t>(current.size());
    if (!request->validate_only()) {
      const auto requeue = [&](const std::vector<queue::DeadEntry>& batch) { return parts_.queue.inspector().Requeue(batch, deadline); };
      COHORT_ASSIGN_OR_RETURN(requeued, InBatches(current, requeue));
    }
    response->set_requeued(requeued);
    return Audit{"dead letters", absl::StrCat("requeue ", requeued, ", ", response->outdated(), " outdated ones stay")};
  });
}

grpc::Status AdminServiceImpl::PurgeDeadLetters(grpc::ServerContext* context, const v1::PurgeDeadLettersRequest* request,
                                                v1::PurgeDeadLettersResponse* response) {
  return acts_.Run(*context, "PurgeDeadLetters", *request, response, [&](const Caller&, absl::Time deadline) -> absl::StatusOr<Audit> {
    COHORT_ASSIGN_OR_RETURN(const std::vector<queue::DeadEntry> letters, Letters(request->names(), request->all(), deadline));
    auto purged = static_cast<int64_t>(letters.size());
    if (!request->validate_only()) {
      const auto purge = [&](const std::vector<queue::DeadEntry>& batch) { return parts_.queue.inspector().Purge(batch, deadline); };
      COHORT_ASSIGN_OR_RETURN(purged, InBatches(letters, purge));
    }
    response->set_purged(purged);
    return Audit{"dead letters", absl::StrCat("purge ", purged)};
  });
}

}  // namespace cohort::admin
