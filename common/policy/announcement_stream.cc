#include "common/policy/announcement_stream.h"

#include <utility>

namespace cohort::policy {

std::shared_ptr<AnnouncementStream> AnnouncementStream::Create(std::string worker_id,
                                                               std::function<void(const std::shared_ptr<AnnouncementStream>&)> on_done) {
  std::shared_ptr<AnnouncementStream> stream(new AnnouncementStream(std::move(worker_id), std::move(on_done)));
  stream->self_ = stream;
  // At once, so that the worker sees that the stream stands before there is anything to announce.
  stream->StartSendInitialMetadata();
  return stream;
}

void AnnouncementStream::Offer(int64_t revision, const Announcement& announcement) {
  {
    absl::MutexLock lock(&mutex_);
    if (revision <= revision_) return;
    revision_ = revision;
    waiting_ = announcement;
  }
  Proceed();
}

void AnnouncementStream::End(const grpc::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    if (!end_.has_value()) end_ = status;
  }
  Proceed();
}

void AnnouncementStream::Proceed() {
  std::optional<grpc::Status> end;
  {
    absl::MutexLock lock(&mutex_);
    if (writing_ || finished_ || (!end_.has_value() && !waiting_.has_value())) return;
    end = end_;
    if (end.has_value()) {
      finished_ = true;
    } else {
      writing_ = true;
      sending_ = *std::exchange(waiting_, std::nullopt);
    }
  }
  if (end.has_value()) {
    Finish(*end);
  } else {
    StartWrite(&sending_);
  }
}

void AnnouncementStream::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok && !end_.has_value()) end_ = grpc::Status(grpc::StatusCode::UNAVAILABLE, "the worker is gone");
  }
  Proceed();
}

void AnnouncementStream::OnCancel() { End(grpc::Status::CANCELLED); }

void AnnouncementStream::OnDone() {
  const std::shared_ptr<AnnouncementStream> self = std::move(self_);
  on_done_(self);
}

}  // namespace cohort::policy
