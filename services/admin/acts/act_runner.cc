#include "services/admin/acts/act_runner.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/rpc/call_trace.h"
#include "common/status/status_macros.h"

namespace cohort::admin {
namespace {

constexpr absl::Duration kActTimeout = absl::Seconds(10);

}  // namespace

absl::Status ActRunner::RunOnce(grpc::ServerContext& context, const std::string& request_id, const std::string& content, bool validate_only,
                                std::string* answer, const Work& work, const std::function<std::string()>& serialise) {
  const rpc::TraceScope scope(rpc::TraceOf(context));
  COHORT_ASSIGN_OR_RETURN(const Caller caller, access_.Check(context, Role::kOperator));
  COHORT_RETURN_IF_ERROR(CheckRequestId(request_id));
  const absl::Time deadline = std::min(absl::FromChrono(context.deadline()), absl::Now() + kActTimeout);
  const bool remembered = !request_id.empty() && !validate_only;
  if (remembered) {
    COHORT_ASSIGN_OR_RETURN(const RequestLog::Known known, requests_.Begin(request_id, content, deadline));
    if (known.done) {
      *answer = known.answer;
      return absl::OkStatus();
    }
  }
  const absl::StatusOr<Audit> audit = work(caller, deadline);
  if (!audit.ok()) {
    const absl::Status forgotten = remembered ? requests_.Forget(request_id, absl::Now() + absl::Seconds(1)) : absl::OkStatus();
    if (!forgotten.ok()) COHORT_LOG(WARNING) << "request " << request_id << " stands as begun: " << forgotten.message() << rpc::CurrentTraceTag();
    return audit.status();
  }
  *answer = serialise();
  if (validate_only) return absl::OkStatus();
  // It is done: what goes wrong from here on must not make the caller believe that it was not.
  if (remembered) {
    const absl::Status finished = requests_.Finish(request_id, *answer, absl::Now() + absl::Seconds(1));
    if (!finished.ok()) COHORT_LOG(WARNING) << "request " << request_id << " may be done again when it is repeated: " << finished.message() << rpc::CurrentTraceTag();
  }
  WriteAudit(caller, request_id, *audit, absl::Now() + absl::Seconds(1));
  return absl::OkStatus();
}

void ActRunner::WriteAudit(const Caller& caller, const std::string& request_id, const Audit& audit, absl::Time deadline) {
  registry::v1::Event event;
  event.set_kind(registry::v1::EVENT_KIND_AUDIT);
  event.set_subject(audit.subject);
  event.set_actor(caller.name);
  event.set_message(audit.message);
  event.set_request_id(request_id);
  if (const auto trace = rpc::CurrentTrace(); trace.has_value()) event.set_trace_id(trace->TraceId());
  COHORT_LOG(INFO) << caller.name << ": " << audit.subject << ": " << audit.message << (request_id.empty() ? "" : " request=") << request_id
                   << rpc::CurrentTraceTag();
  const absl::StatusOr<int64_t> written = registry_.Append(event, deadline);
  if (!written.ok()) COHORT_LOG(ERROR) << "the event log may lack the entry above: " << written.status().message();
}

}  // namespace cohort::admin
