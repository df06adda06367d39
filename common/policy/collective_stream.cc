#include "common/policy/collective_stream.h"

#include <utility>

namespace cohort::policy {
namespace {

constexpr size_t kMostOrders = 16;

}  // namespace

std::shared_ptr<CollectiveStream> CollectiveStream::Create(Callbacks callbacks) {
  std::shared_ptr<CollectiveStream> stream(new CollectiveStream(std::move(callbacks)));
  stream->self_ = stream;
  stream->StartSendInitialMetadata();
  stream->StartRead(&stream->received_);
  return stream;
}

void CollectiveStream::Give(Order order) {
  {
    absl::MutexLock lock(&mutex_);
    if (end_.has_value()) return;
    waiting_.push_back(std::move(order));
    if (waiting_.size() > kMostOrders) end_ = grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "the worker does not read its orders");
  }
  Proceed();
}

void CollectiveStream::End(const grpc::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    if (!end_.has_value()) end_ = status;
  }
  Proceed();
}

void CollectiveStream::Proceed() {
  std::optional<grpc::Status> end;
  {
    absl::MutexLock lock(&mutex_);
    if (writing_ || finished_ || (!end_.has_value() && waiting_.empty())) return;
    end = end_;
    if (end.has_value()) {
      finished_ = true;
    } else {
      writing_ = true;
      sending_ = std::move(waiting_.front());
      waiting_.pop_front();
    }
  }
  if (end.has_value()) {
    Finish(*end);
  } else {
    StartWrite(&sending_);
  }
}

void CollectiveStream::OnReadDone(bool ok) {
  if (!ok) return End(grpc::Status::OK);
  callbacks_.on_report(self_, received_);
  StartRead(&received_);
}

void CollectiveStream::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok && !end_.has_value()) end_ = grpc::Status(grpc::StatusCode::UNAVAILABLE, "the worker is gone");
  }
  Proceed();
}

void CollectiveStream::OnCancel() { End(grpc::Status::CANCELLED); }

void CollectiveStream::OnDone() {
  const std::shared_ptr<CollectiveStream> self = std::move(self_);
  callbacks_.on_end(self);
}

}  // namespace cohort::policy
