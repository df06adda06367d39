#include "common/registry/registration.h"

#include <unistd.h>

#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/log/log.h"

namespace cohort::registry {
namespace {

constexpr absl::Duration kFarewell = absl::Milliseconds(500);
constexpr absl::Duration kBeatTimeout = absl::Seconds(2);
constexpr absl::Duration kWarningInterval = absl::Minutes(1);
constexpr size_t kMostEvents = 256;

std::string RandomInstance() {
  std::random_device device;
  return absl::StrFormat("%08x%08x", device(), device());
}

v1::ServiceRecord Complete(v1::ServiceRecord record) {
  char host[256] = {};
  gethostname(host, sizeof(host) - 1);
  record.set_host(host);
  record.set_pid(getpid());
  record.set_version(COHORT_VERSION);
  record.set_instance(RandomInstance());
  record.set_started_at_ms(absl::ToUnixMillis(absl::Now()));
  return record;
}

}  // namespace

Registration::Registration(Options options)
    : options_(std::move(options)),
      registry_(options_.redis, options_.run),
      record_(Complete(options_.record)),
      thread_("registration", [this] { Loop(); }) {}

Registration::~Registration() {
  stop_.RequestStop();
  {
    absl::MutexLock lock(&mutex_);
    changed_ = true;
  }
  thread_.Join();
  SendEvents(kMostEvents, absl::Now() + kFarewell);
  v1::ServiceRecord record;
  {
    absl::MutexLock lock(&mutex_);
    record = record_;
  }
  const absl::Status removed = registry_.Remove(record, record.message(), absl::Now() + kFarewell);
  if (!removed.ok()) COHORT_LOG(WARNING) << "the registry keeps this service until its record expires: " << removed.message();
}

void Registration::Update(const std::function<void(v1::ServiceRecord& record)>& change) {
  absl::MutexLock lock(&mutex_);
  change(record_);
  changed_ = true;
}

void Registration::Tell(v1::EventKind kind, const std::string& subject, const std::string& message) {
  v1::Event event;
  event.set_kind(kind);
  event.set_subject(subject);
  event.set_message(message);
  absl::MutexLock lock(&mutex_);
  events_.push_back(std::move(event));
  if (events_.size() > kMostEvents) {
    COHORT_LOG(WARNING) << "an event is missing in the log: " << events_.front().subject() << ": " << events_.front().message();
    events_.pop_front();
  }
  changed_ = true;
}

void Registration::SendEvents(size_t most, absl::Time deadline) {
  for (size_t sent = 0; sent < most; ++sent) {
    v1::Event event;
    {
      absl::MutexLock lock(&mutex_);
      if (events_.empty()) return;
      event = std::move(events_.front());
      events_.pop_front();
    }
    if (registry_.Append(event, deadline).ok()) continue;
    absl::MutexLock lock(&mutex_);
    events_.push_front(std::move(event));
    return;
  }
}

void Registration::Loop() {
  while (!stop_.stop_requested()) {
    Beat();
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&changed_), options_.period);
    changed_ = false;
  }
}

void Registration::Beat() {
  v1::ServiceRecord record;
  size_t told = 0;  // Before this record: what is told after a change must not be read before it.
  {
    absl::MutexLock lock(&mutex_);
    told = events_.size();
    if (options_.refresh) options_.refresh(record_);
    record = record_;
  }
  const absl::Status status = registry_.Put(record, options_.time_to_live, absl::Now() + kBeatTimeout);
  if (!status.ok() && (reachable_ || absl::Now() - warned_ >= kWarningInterval)) {
    COHORT_LOG(WARNING) << "the registry cannot be written, keeps trying: " << status.message();
    warned_ = absl::Now();
  }
  if (status.ok() && !reachable_) COHORT_LOG(INFO) << "the registry answers again";
  reachable_ = status.ok();
  if (reachable_) SendEvents(told, absl::Now() + kBeatTimeout);
}

}  // namespace cohort::registry
