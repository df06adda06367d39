#include "services/learner/intake/intake.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/rpc/trace_context.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/learner/schedule/group_id.h"

namespace cohort::learner {
namespace {

using State = SlotTable::State;

constexpr absl::Duration kBeingWrittenDelay = absl::Milliseconds(50);
constexpr absl::Duration kJournalFailedDelay = absl::Seconds(1);

}  // namespace

Intake::Intake(Options options, Journal* journal) : options_(std::move(options)), journal_(journal), slots_(options_.next_step) {}

absl::StatusOr<bool> Intake::Open(int64_t step, int64_t row) {
  absl::MutexLock lock(&mutex_);
  const int64_t number = slots_.Open(step, row);
  const std::string id = GroupId(options_.run, step, number);
  if (!journal_->Recovered(id)) return true;
  absl::StatusOr<learner::v1::Group> group = journal_->Load(id);
  if (!group.ok() || group->row() != row) {
    COHORT_LOG(WARNING) << "the journalled group " << id << " cannot be used and is generated again: "
                        << (group.ok() ? "it answers another row" : group.status().ToString()) << (group.ok() ? rpc::TraceTag(group->trace_id()) : "");
    return true;
  }
  if (const absl::Status fresh = CheckGroupStaleness(*group, options_.rules); !fresh.ok()) {
    COHORT_LOG(INFO) << "the journalled group " << id << " was accepted under a wider staleness bound and is generated again: " << fresh.message()
                     << rpc::TraceTag(group->trace_id());
    return true;
  }
  SlotTable::Slot& slot = *slots_.Find(step, number);
  slot.state = group->completions_size() == 0 ? State::kGivenUp : State::kAccepted;
  slot.group = *std::move(group);
  return false;
}

absl::Status Intake::Duplicate(const learner::v1::Group& group) {
  ++counts_.duplicates;
  return absl::AlreadyExistsError(absl::StrCat(group.group_id(), " was accepted before"));
}

absl::Status Intake::UnknownSlot(const learner::v1::Group& group) {
  ++counts_.unknown_slot;
  return ErrorWithReason(absl::StatusCode::kNotFound, "UNKNOWN_SLOT", absl::StrCat(group.group_id(), " is not an open slot"));
}

absl::Status Intake::Admit(const learner::v1::Group& group) {
  if (stopped_) return absl::UnavailableError("the learner is stopping");
  const auto place = ParseGroupId(options_.run, group.group_id());
  if (!place.has_value() || place->step < 0 || place->slot < 0) return UnknownSlot(group);
  if (place->step != group.step() || place->slot != group.slot()) {
    ++counts_.malformed;
    return absl::InvalidArgumentError(absl::StrCat(group.group_id(), " says step ", group.step(), ", slot ", group.slot()));
  }
  if (place->step < slots_.next_step()) return Duplicate(group);
  SlotTable::Slot* slot = slots_.Find(place->step, place->slot);
  if (slot != nullptr && slot->state == State::kAccepted) return Duplicate(group);
  if (slot == nullptr && journal_->Recovered(group.group_id())) return Duplicate(group);
  if (group.incarnation() != options_.incarnation) {
    ++counts_.other_incarnation;
    return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "OTHER_INCARNATION",
                           absl::StrCat(group.group_id(), " answers incarnation ", group.incarnation(), "; this learner is ", options_.incarnation));
  }
  if (slot == nullptr || slot->state == State::kGivenUp) return UnknownSlot(group);
  if (slot->state == State::kWriting) {
    return WithRetryDelay(absl::UnavailableError(absl::StrCat(group.group_id(), " is being written to the journal")), kBeingWrittenDelay);
  }
  absl::Status checked = CheckGroupShape(group, options_.rules);
  if (checked.ok() && group.row() != slot->row) {
    checked = absl::InvalidArgumentError(absl::StrCat(group.group_id(), " is data row ", slot->row, ", not ", group.row()));
  }
  if (!checked.ok()) {
    ++counts_.malformed;
    return checked;
  }
  checked = CheckGroupStaleness(group, options_.rules);
  if (!checked.ok()) {
    ++counts_.stale;
    return checked;
  }
  slot->state = State::kWriting;
  return absl::OkStatus();
}

void Intake::Submit(learner::v1::Group group, std::function<void(const absl::Status&)> done) {
  absl::Status admitted;
  {
    absl::MutexLock lock(&mutex_);
    admitted = Admit(group);
  }
  if (!admitted.ok()) {
    done(admitted);
    return;
  }
  auto shared = std::make_shared<learner::v1::Group>(std::move(group));
  const absl::Status queued =
      journal_->Append(*shared, [this, shared, done](const absl::Status& written) { done(Settle(std::move(*shared), written)); });
  if (!queued.ok()) done(Settle(std::move(*shared), queued));
}

absl::Status Intake::Settle(learner::v1::Group group, const absl::Status& written) {
  absl::MutexLock lock(&mutex_);
  SlotTable::Slot& slot = *slots_.Find(group.step(), group.slot());
  if (written.ok()) {
    slot.state = State::kAccepted;
    slot.group = std::move(group);
    ++counts_.accepted;
    return absl::OkStatus();
  }
  slot.state = State::kOpen;
  const absl::Duration delay = RetryDelay(written, kJournalFailedDelay);
  return WithRetryDelay(absl::ResourceExhaustedError(absl::StrCat(group.group_id(), " is not accepted: ", written.message())), delay);
}

bool Intake::GiveUp(int64_t step, int64_t slot_number, const std::string& worker, const std::string& trace_id) {
  learner::v1::Group record;
  {
    absl::MutexLock lock(&mutex_);
    SlotTable::Slot* slot = slots_.Find(step, slot_number);
    if (slot == nullptr || slot->state != State::kOpen) return false;
    slot->state = State::kGivenUp;
    record.set_group_id(GroupId(options_.run, step, slot_number));
    record.set_incarnation(options_.incarnation);
    record.set_step(step);
    record.set_slot(slot_number);
    record.set_row(slot->row);
    record.set_worker_id(worker);
    record.set_trace_id(trace_id);
    slot->group = record;
  }
  const absl::Status queued = journal_->Append(record, [](const absl::Status&) {});
  if (!queued.ok()) COHORT_LOG(WARNING) << "that " << record.group_id() << " was given up is not in the journal: " << queued.message() << rpc::TraceTag(trace_id);
  return true;
}

absl::Status Intake::WaitForStep(int64_t step, absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  const auto ready = [this, step]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopped_ || slots_.Complete(step); };
  const bool done = mutex_.AwaitWithDeadline(absl::Condition(&ready), deadline);
  if (stopped_) return absl::CancelledError("the learner is stopping");
  return done ? absl::OkStatus() : absl::DeadlineExceededError("groups are missing");
}

int64_t Intake::Count(int64_t step) const {
  absl::MutexLock lock(&mutex_);
  return slots_.Count(step);
}

void Intake::Visit(int64_t step, int64_t first_slot, const std::function<void(const learner::v1::Group*)>& visit) const {
  absl::MutexLock lock(&mutex_);
  const std::deque<SlotTable::Slot>& slots = slots_.Slots(step);
  for (int64_t i = first_slot; i < static_cast<int64_t>(slots.size()); ++i) {
    visit(slots[i].state == State::kAccepted ? &slots[i].group : nullptr);
  }
}

std::deque<SlotTable::Slot> Intake::TakeNext() {
  absl::MutexLock lock(&mutex_);
  return slots_.TakeNext();
}

std::vector<SlotTable::Place> Intake::Unresolved() const {
  absl::MutexLock lock(&mutex_);
  return slots_.Unresolved();
}

IntakeCounts Intake::counts() const {
  absl::MutexLock lock(&mutex_);
  return counts_;
}

void Intake::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
}

}  // namespace cohort::learner
