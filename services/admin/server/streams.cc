// Operations and events: the calls of AdminService that may wait.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/rpc/call_trace.h"
#include "common/rpc/status.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/admin/cluster/listing.h"
#include "services/admin/server/admin_service.h"

namespace cohort::admin {
namespace {

constexpr int kMostWaiting = 64;
constexpr absl::Duration kBusyDelay = absl::Seconds(2);
constexpr absl::Duration kPoll = absl::Milliseconds(100);
constexpr absl::Duration kScalerPoll = absl::Milliseconds(500);  // On Kubernetes each look is a call of its API server.
constexpr absl::Duration kRedisTimeout = absl::Seconds(5);
constexpr double kLongestWaitSeconds = 3600;
constexpr int kEventPage = 500;

// A place in the event log: which log, and the number of the last event that was sent.
struct Place {
  int64_t epoch = 0;
  int64_t after = 0;
};

std::string TokenOf(const Place& place) { return absl::StrCat("e", place.epoch, ".", place.after); }

absl::StatusOr<Place> ParseToken(absl::string_view token) {
  Place place;
  absl::string_view rest = token;
  const bool begins = absl::ConsumePrefix(&rest, "e");
  const std::vector<absl::string_view> parts = absl::StrSplit(rest, '.');
  const bool good = begins && parts.size() == 2 && absl::SimpleAtoi(parts[0], &place.epoch) && absl::SimpleAtoi(parts[1], &place.after);
  if (good && place.epoch >= 0 && place.after >= 0) return place;
  return ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_RESUME_TOKEN",
                         "resume_token: not from an earlier answer of WatchEvents; leave it empty to begin with the next event");
}

}  // namespace

absl::Status AdminServiceImpl::Waiting(const std::function<absl::Status()>& call) {
  absl::Status status = WithRetryDelay(ErrorWithReason(absl::StatusCode::kResourceExhausted, "TOO_MANY_WAIT", "too many callers wait already"), kBusyDelay);
  if (waiting_.fetch_add(1) < kMostWaiting) status = call();
  waiting_.fetch_sub(1);
  return status;
}

absl::StatusOr<OperationFacts> AdminServiceImpl::FactsFor(const std::vector<v1::Operation>& operations, absl::Time deadline) {
  OperationFacts facts;
  facts.now_ms = absl::ToUnixMillis(absl::Now());
  bool any = false, scales = false, asks_learner = false;
  for (const v1::Operation& operation : operations) {
    if (operation.state() != v1::OPERATION_STATE_RUNNING) continue;
    any = true;
    const bool scale = operation.kind() == v1::OPERATION_KIND_SCALE_WORKERS;
    scales = scales || scale;
    asks_learner = asks_learner || (!scale && operation.kind() != v1::OPERATION_KIND_DRAIN_WORKER);
  }
  if (!any) return facts;
  COHORT_ASSIGN_OR_RETURN(facts.services, parts_.cluster.Services(deadline));
  if (scales) {
    const auto wanted = parts_.cluster.scaler().Wanted(std::min(deadline, absl::Now() + kScalerPatience));
    if (wanted.ok()) facts.desired_workers = *wanted;
  }
  for (const ServiceRecord& service : facts.services) {
    if (!asks_learner || service.role() != registry::v1::SERVICE_ROLE_LEARNER) continue;
    const absl::Time patience = std::min(deadline, absl::Now() + kLearnerPatience);
    auto control = parts_.cluster.Control(service, patience);
    auto checkpoints = parts_.cluster.Checkpoints(service, patience);
    if (!control.ok() || !checkpoints.ok()) continue;
    facts.control = *std::move(control);
    facts.checkpoints = *std::move(checkpoints);
  }
  return facts;
}

absl::StatusOr<v1::Operation> AdminServiceImpl::Refresh(const v1::Operation& operation, const OperationFacts& facts, absl::Time deadline) {
  v1::Operation now = operation;
  Advance(now, facts);
  if (now.state() == operation.state()) return now;
  return parts_.operations.Replace(operation, now, deadline);
}

absl::StatusOr<v1::Operation> AdminServiceImpl::Refreshed(const v1::Operation& operation, absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(const OperationFacts facts, FactsFor({operation}, deadline));
  return Refresh(operation, facts, deadline);
}

grpc::Status AdminServiceImpl::GetOperation(grpc::ServerContext* context, const v1::GetOperationRequest* request, v1::GetOperationResponse* response) {
  return Read(*context, [&](absl::Time deadline) -> absl::Status {
    COHORT_ASSIGN_OR_RETURN(const v1::Operation stored, parts_.operations.Get(request->name(), deadline));
    COHORT_ASSIGN_OR_RETURN(*response->mutable_operation(), Refreshed(stored, deadline));
    return absl::OkStatus();
  });
}

grpc::Status AdminServiceImpl::ListOperations(grpc::ServerContext* context, const v1::ListOperationsRequest* request, v1::ListOperationsResponse* response) {
  return Read(*context, [&](absl::Time deadline) -> absl::Status {
    COHORT_ASSIGN_OR_RETURN(const int page_size, PageSize(request->page_size()));
    COHORT_ASSIGN_OR_RETURN(const std::string after, ReadPageToken("operations", request->page_token()));
    COHORT_ASSIGN_OR_RETURN(const std::vector<v1::Operation> operations, parts_.operations.All(deadline));
    COHORT_ASSIGN_OR_RETURN(const OperationFacts facts, FactsFor(operations, deadline));
    response->set_total_size(static_cast<int64_t>(operations.size()));
    auto next = operations.begin();
    if (!after.empty()) {
      next = std::find_if(operations.begin(), operations.end(), [&after](const v1::Operation& one) { return one.name() == after; });
      if (next != operations.end()) ++next;
    }
    for (; next != operations.end(); ++next) {
      if (response->operations_size() == page_size) {
        response->set_next_page_token(MakePageToken("operations", response->operations(page_size - 1).name()));
        break;
      }
      COHORT_ASSIGN_OR_RETURN(*response->add_operations(), Refresh(*next, facts, deadline));
    }
    return absl::OkStatus();
  });
}

grpc::Status AdminServiceImpl::WaitOperation(grpc::ServerContext* context, const v1::WaitOperationRequest* request, v1::WaitOperationResponse* response) {
  const rpc::TraceScope scope(rpc::TraceOf(*context));
  const absl::StatusOr<Caller> caller = parts_.access.Check(*context, Role::kViewer);
  if (!caller.ok()) return rpc::ToGrpc(caller.status());
  if (!(request->timeout_seconds() >= 0 && request->timeout_seconds() <= kLongestWaitSeconds)) {
    return rpc::ToGrpc(absl::InvalidArgumentError(absl::StrCat("timeout_seconds: not between 0 and ", kLongestWaitSeconds)));
  }
  const absl::Time end = absl::Now() + absl::Seconds(request->timeout_seconds());
  return rpc::ToGrpc(Waiting([&]() -> absl::Status {
    for (;;) {
      const absl::Time deadline = absl::Now() + kRedisTimeout;
      COHORT_ASSIGN_OR_RETURN(const v1::Operation stored, parts_.operations.Get(request->name(), deadline));
      COHORT_ASSIGN_OR_RETURN(*response->mutable_operation(), Refreshed(stored, deadline));
      const bool ended = response->operation().state() != v1::OPERATION_STATE_RUNNING;
      if (ended || absl::Now() >= end || stopping_.load()) return absl::OkStatus();
      if (context->IsCancelled()) return absl::CancelledError("the caller has gone");
      absl::SleepFor(std::min(stored.kind() == v1::OPERATION_KIND_SCALE_WORKERS ? kScalerPoll : kPoll, end - absl::Now()));
    }
  }));
}

grpc::Status AdminServiceImpl::WatchEvents(grpc::ServerContext* context, const v1::WatchEventsRequest* request,
                                           grpc::ServerWriter<v1::WatchEventsResponse>* writer) {
  const rpc::TraceScope scope(rpc::TraceOf(*context));
  const absl::StatusOr<Caller> caller = parts_.access.Check(*context, Role::kViewer);
  if (!caller.ok()) return rpc::ToGrpc(caller.status());
  return rpc::ToGrpc(Waiting([&] { return Stream(*context, *request, *writer); }));
}

absl::Status AdminServiceImpl::Stream(grpc::ServerContext& context, const v1::WatchEventsRequest& request,
                                      grpc::ServerWriter<v1::WatchEventsResponse>& writer) {
  Place place;
  bool placed = request.from_start();
  if (!request.resume_token().empty()) {
    if (request.from_start()) return absl::InvalidArgumentError("resume_token, from_start: give one of them");
    COHORT_ASSIGN_OR_RETURN(place, ParseToken(request.resume_token()));
    placed = true;
  }
  while (!stopping_.load() && !context.IsCancelled()) {
    const absl::StatusOr<registry::EventPage> page = parts_.cluster.registry().ReadEvents(place.after, kEventPage, absl::Now() + kRedisTimeout);
    if (!page.ok()) return OfRedis(page.status());
    v1::WatchEventsResponse response;
    if (place.epoch != 0 && place.epoch != page->epoch) {
      place = {page->epoch, 0};
      response.set_gap(-1);
      response.set_resume_token(TokenOf(place));
      if (!writer.Write(response)) break;
      continue;
    }
    place.epoch = page->epoch;
    if (!placed) {
      // The caller wants what is to come; it must know where it stands also when nothing comes.
      placed = true;
      place.after = page->last;
      response.set_resume_token(TokenOf(place));
      if (!writer.Write(response)) break;
      continue;
    }
    if (page->missed != 0) {
      response.set_gap(page->missed);
      response.set_resume_token(TokenOf({place.epoch, page->events.empty() ? 0 : page->events.front().sequence() - 1}));
      if (!writer.Write(response)) break;
    }
    for (const registry::v1::Event& event : page->events) {
      response.Clear();
      *response.mutable_event() = event;
      response.set_resume_token(TokenOf({place.epoch, event.sequence()}));
      if (!writer.Write(response)) return absl::CancelledError("the caller has gone");
    }
    place.after = page->next_after;
    if (!page->events.empty()) continue;
    if (request.no_follow()) return absl::OkStatus();
    absl::SleepFor(kPoll);
  }
  return stopping_.load() ? absl::UnavailableError("the admin service is stopping; go on with the resume token") : absl::CancelledError("the caller has gone");
}

}  // namespace cohort::admin
