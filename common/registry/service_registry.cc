#include "common/registry/service_registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/registry/registry_scripts.h"
#include "common/status/status_macros.h"

namespace cohort::registry {
namespace {

using redis::AsArray;
using redis::AsInteger;
using redis::AsString;
using redis::LostReply;
using redis::Reply;

constexpr int kConnections = 4;

// [id, ["time", …, "kind", …, "subject", …, "actor", …, "message", …, "request", …, "trace", …]]; what an older service wrote has no trace, what a newer one writes may have more.
absl::StatusOr<v1::Event> ParseEvent(const Reply& reply) {
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> parts, AsArray(reply, 2));
  COHORT_ASSIGN_OR_RETURN(const std::string id, AsString(parts[0]));
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> fields, AsArray(parts[1]));
  v1::Event event;
  int64_t number = 0;
  v1::EventKind kind = v1::EVENT_KIND_UNSPECIFIED;
  if (fields.size() < 12 || !absl::SimpleAtoi(id.substr(0, id.find('-')), &number) || !v1::EventKind_Parse(fields[3].text, &kind)) {
    return absl::DataLossError(absl::StrCat("the event log holds an entry '", id, "' that is no event"));
  }
  event.set_sequence(number);
  COHORT_ASSIGN_OR_RETURN(const int64_t time_ms, AsInteger(fields[1]));
  event.set_time_ms(time_ms);
  event.set_kind(kind);
  event.set_subject(fields[5].text);
  event.set_actor(fields[7].text);
  event.set_message(fields[9].text);
  event.set_request_id(fields[11].text);
  if (fields.size() > 13) event.set_trace_id(fields[13].text);
  return event;
}

// "ready": as people read it in events.
std::string InWords(v1::ServiceState state) { return absl::AsciiStrToLower(absl::StripPrefix(v1::ServiceState_Name(state), "SERVICE_STATE_")); }

}  // namespace

RegistryKeys::RegistryKeys(const std::string& run_id)
    : services(absl::StrCat("cohort:{", run_id, "}:services")),
      service_prefix(absl::StrCat("cohort:{", run_id, "}:service:")),
      event_counter(absl::StrCat("cohort:{", run_id, "}:event_counter")),
      events(absl::StrCat("cohort:{", run_id, "}:events")) {}

ServiceRegistry::ServiceRegistry(const std::string& redis_address, const std::string& run_id)
    : keys_(run_id), redis_({.address = redis_address, .client_name = "cohort-registry"}, kConnections) {}

absl::Status ServiceRegistry::Put(const v1::ServiceRecord& record, absl::Duration time_to_live, absl::Time deadline) {
  return redis_
      .Run(kPutService, {keys_.services, keys_.event_counter, keys_.events, keys_.service_prefix + record.name()},
           {record.name(), record.instance(), InWords(record.state()), record.SerializeAsString(),
            absl::StrCat(absl::ToInt64Milliseconds(time_to_live)), absl::StrCat(absl::ToUnixMillis(absl::Now())),
            v1::EventKind_Name(v1::EVENT_KIND_SERVICE_JOINED), v1::EventKind_Name(v1::EVENT_KIND_SERVICE_STATE)},
           deadline, LostReply::kRepeat)
      .status();
}

absl::Status ServiceRegistry::Remove(const v1::ServiceRecord& record, const std::string& why, absl::Time deadline) {
  return redis_
      .Run(kRemoveService, {keys_.services, keys_.event_counter, keys_.events, keys_.service_prefix + record.name()},
           {record.name(), record.instance(), v1::EventKind_Name(v1::EVENT_KIND_SERVICE_LEFT), why}, deadline, LostReply::kRepeat)
      .status();
}

absl::StatusOr<std::vector<v1::ServiceRecord>> ServiceRegistry::List(absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(Reply reply, redis_.Run(kListServices, {keys_.services, keys_.event_counter, keys_.events},
                                                  {keys_.service_prefix, v1::EventKind_Name(v1::EVENT_KIND_SERVICE_LOST)}, deadline,
                                                  LostReply::kRepeat));
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> entries, AsArray(std::move(reply)));
  std::vector<v1::ServiceRecord> records;
  for (const Reply& entry : entries) {
    COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> parts, AsArray(entry, 3));
    v1::ServiceRecord record;
    if (!record.ParseFromString(parts[0].text)) return absl::DataLossError("the registry holds a record that cannot be read");
    record.set_heartbeat_age_ms(parts[1].integer);
    record.set_clock_skew_ms(parts[2].integer);
    records.push_back(std::move(record));
  }
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
  return records;
}

absl::StatusOr<int64_t> ServiceRegistry::Append(const v1::Event& event, absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(const Reply reply,
                          redis_.Run(kAppendEvent, {keys_.event_counter, keys_.events},
                                     {v1::EventKind_Name(event.kind()), event.subject(), event.actor(), event.message(), event.request_id(), event.trace_id()},
                                     deadline, LostReply::kReport));
  return AsInteger(reply);
}

absl::StatusOr<EventPage> ServiceRegistry::ReadEvents(int64_t after, int limit, absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(Reply reply, redis_.Run(kReadEvents, {keys_.event_counter, keys_.events}, {absl::StrCat(after), absl::StrCat(limit)},
                                                  deadline, LostReply::kRepeat));
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> parts, AsArray(std::move(reply), 3));
  COHORT_ASSIGN_OR_RETURN(const int64_t last, AsInteger(parts[0]));
  EventPage page;
  page.last = last;
  COHORT_ASSIGN_OR_RETURN(page.epoch, AsInteger(parts[1]));
  if (last < after) {
    page.missed = -1;  // Redis came back without its data and counts anew.
    return page;
  }
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> entries, AsArray(parts[2]));
  for (const Reply& entry : entries) {
    COHORT_ASSIGN_OR_RETURN(v1::Event event, ParseEvent(entry));
    page.events.push_back(std::move(event));
  }
  page.next_after = page.events.empty() ? after : page.events.back().sequence();
  // Who begins at 0 asks for what is there.
  if (!page.events.empty() && after > 0) page.missed = page.events.front().sequence() - after - 1;
  return page;
}

absl::StatusOr<int64_t> ServiceRegistry::LastEvent(absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(const Reply reply, redis_.Command({"GET", keys_.event_counter}, deadline, LostReply::kRepeat));
  if (reply.is_nil()) return 0;
  return AsInteger(reply);
}

}  // namespace cohort::registry
