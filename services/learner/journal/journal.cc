#include "services/learner/journal/journal.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/io/files.h"
#include "common/log/log.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::learner {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kPrefix = "segment-";
constexpr absl::string_view kSuffix = ".log";
constexpr absl::Duration kFullRetryDelay = absl::Milliseconds(200);

std::string SegmentPath(const std::string& directory, int64_t number) {
  return absl::StrCat(directory, "/", absl::StrFormat("%s%06d%s", kPrefix, number, kSuffix));
}

// Numbers of the segment files in `directory`, ascending.
absl::StatusOr<std::vector<int64_t>> ListSegments(const std::string& directory) {
  std::vector<int64_t> numbers;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    absl::string_view digits = name;
    int64_t number = 0;
    if (absl::ConsumePrefix(&digits, kPrefix) && absl::ConsumeSuffix(&digits, kSuffix) && absl::SimpleAtoi(digits, &number)) {
      numbers.push_back(number);
    }
  }
  if (error) return absl::InternalError(absl::StrCat(directory, ": cannot list the journal: ", error.message()));
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(Options options, int64_t from_step) {
  std::unique_ptr<Journal> journal(new Journal(std::move(options)));
  {
    absl::MutexLock lock(&journal->file_mutex_);
    COHORT_RETURN_IF_ERROR(io::CreateDirectories(journal->options_.directory));
    COHORT_RETURN_IF_ERROR(journal->Recover(from_step));
    COHORT_RETURN_IF_ERROR(journal->StartSegment());
  }
  journal->writer_ = sync::Thread("journal", [self = journal.get()] { self->Run(); });
  return journal;
}

Journal::~Journal() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  writer_.Join();
}

absl::Status Journal::Recover(int64_t from_step) {
  COHORT_ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, ListSegments(options_.directory));
  for (const int64_t number : numbers) {
    Closed segment{SegmentPath(options_.directory, number)};
    COHORT_RETURN_IF_ERROR(RecoverSegment(from_step, segment));
    closed_.push_back(std::move(segment));
    next_number_ = number + 1;
  }
  return absl::OkStatus();
}

absl::Status Journal::RecoverSegment(int64_t from_step, Closed& segment) {
  COHORT_ASSIGN_OR_RETURN(const SegmentContents contents, ReadSegment(segment.path, [&](int64_t offset, absl::string_view payload) {
    learner::v1::Group group;
    if (!group.ParseFromArray(payload.data(), payload.size())) {
      return absl::DataLossError(absl::StrCat(segment.path, ": a record with a right checksum is no group; was another version of Cohort here?"));
    }
    segment.newest_step = std::max(segment.newest_step, group.step());
    if (group.step() >= from_step) recovered_[group.group_id()] = {segment.path, offset};
    return absl::OkStatus();
  }));
  if (contents.valid_bytes == contents.file_bytes) return absl::OkStatus();
  COHORT_LOG(WARNING) << segment.path << ": the last " << contents.file_bytes - contents.valid_bytes
                      << " bytes are a torn record; cut off, its group will be generated again";
  return TruncateFile(segment.path, contents.valid_bytes);
}

absl::StatusOr<learner::v1::Group> Journal::Load(const std::string& group_id) const {
  const auto found = recovered_.find(group_id);
  if (found == recovered_.end()) return absl::NotFoundError(absl::StrCat("the journal has no group ", group_id));
  COHORT_ASSIGN_OR_RETURN(const std::string payload, ReadRecord(found->second.path, found->second.offset));
  learner::v1::Group group;
  if (!group.ParseFromString(payload)) return absl::DataLossError(absl::StrCat(found->second.path, ": group ", group_id, " is damaged"));
  return group;
}

absl::Status Journal::StartSegment() {
  COHORT_ASSIGN_OR_RETURN(SegmentWriter writer, SegmentWriter::Create(SegmentPath(options_.directory, next_number_)));
  ++next_number_;
  if (active_ != nullptr) closed_.push_back({active_->path(), active_newest_step_});
  active_ = std::make_unique<SegmentWriter>(std::move(writer));
  active_newest_step_ = -1;
  active_torn_ = false;
  return absl::OkStatus();
}

absl::Status Journal::Append(const learner::v1::Group& group, Done done) {
  Pending entry;
  AppendFrame(group.SerializeAsString(), entry.frame);
  entry.step = group.step();
  entry.done = std::move(done);
  absl::MutexLock lock(&mutex_);
  if (pending_bytes_ > 0 && pending_bytes_ + static_cast<int64_t>(entry.frame.size()) > options_.max_pending_bytes) {
    return WithRetryDelay(absl::ResourceExhaustedError("the intake is full: the journal's disk does not keep up"), kFullRetryDelay);
  }
  pending_bytes_ += entry.frame.size();
  pending_.push_back(std::move(entry));
  return absl::OkStatus();
}

void Journal::Run() {
  for (;;) {
    std::vector<Pending> batch;
    {
      absl::MutexLock lock(&mutex_);
      const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !pending_.empty(); };
      mutex_.Await(absl::Condition(&ready));
      if (pending_.empty()) return;
      batch.swap(pending_);
    }
    const absl::Status written = WriteBatch(batch);
    int64_t bytes = 0;
    for (const Pending& entry : batch) bytes += entry.frame.size();
    {
      absl::MutexLock lock(&mutex_);
      pending_bytes_ -= bytes;
    }
    for (const Pending& entry : batch) entry.done(written);
  }
}

absl::Status Journal::WriteBatch(const std::vector<Pending>& batch) {
  std::string frames;
  int64_t newest_step = -1;
  for (const Pending& entry : batch) {
    frames += entry.frame;
    newest_step = std::max(newest_step, entry.step);
  }
  absl::MutexLock lock(&file_mutex_);
  absl::Status written;
  if (active_torn_ || active_->bytes() >= options_.segment_bytes) written = StartSegment();
  if (written.ok()) {
    written = active_->Write(frames);
    active_torn_ = absl::IsDataLoss(written);
  }
  if (written.ok()) {
    active_newest_step_ = std::max(active_newest_step_, newest_step);
  } else {
    COHORT_LOG(ERROR) << "the journal cannot be written, " << batch.size() << " groups have to be handed in again: " << written.message();
  }
  return written;
}

absl::Status Journal::DropBefore(int64_t step) {
  absl::MutexLock lock(&file_mutex_);
  if (active_->bytes() > 0) COHORT_RETURN_IF_ERROR(StartSegment());
  std::vector<Closed> kept;
  absl::Status status;
  for (Closed& segment : closed_) {
    if (segment.newest_step >= step || !status.ok()) {
      kept.push_back(std::move(segment));
    } else {
      status = io::RemoveTree(segment.path);
    }
  }
  closed_ = std::move(kept);
  return status;
}

int64_t Journal::segments() const {
  absl::MutexLock lock(&file_mutex_);
  return closed_.size() + 1;
}

}  // namespace cohort::learner
