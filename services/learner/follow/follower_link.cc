#include "services/learner/follow/follower_link.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/impl/codegen/proto_utils.h"

namespace cohort::learner {

FollowerLink::FollowerLink(grpc::ServerContext* context, Stream* stream, absl::Duration exchange)
    : exchange_(exchange), reading_(stream), stream_(stream), context_(context), heard_(absl::Now()) {}

int64_t FollowerLink::Give(v1::FollowResponse order) {
  int64_t number = 0;
  {
    absl::MutexLock lock(&mutex_);
    number = ++orders_;
    replies_.emplace(number, std::nullopt);
  }
  order.set_order(number);
  if (!Send(order)) Drop("its connection broke");
  return number;
}

absl::StatusOr<v1::OrderReply> FollowerLink::Await(int64_t order) {
  const auto answered = [this, order]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return gone_ || replies_[order].has_value(); };
  std::optional<v1::OrderReply> reply;
  {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&answered), exchange_);
    const auto found = replies_.find(order);
    reply = std::move(found->second);
    replies_.erase(found);
  }
  if (!reply.has_value()) {
    Drop(absl::StrCat("it did not answer for ", absl::FormatDuration(exchange_)));
    return FollowerLost(absl::StrCat("follower ", name_, " is lost: ", lost()));
  }
  if (reply->has_error()) return absl::InternalError(absl::StrCat("follower ", name_, ": ", reply->error()));
  return *std::move(reply);
}

void FollowerLink::ForgetOrders() {
  absl::MutexLock lock(&mutex_);
  replies_.clear();
}

void FollowerLink::Lose(const std::string& why) {
  if (!gone_) lost_ = why;
  gone_ = true;
}

void FollowerLink::Drop(const std::string& why) {
  absl::MutexLock lock(&mutex_);
  Lose(why);
  if (context_ != nullptr) context_->TryCancel();
}

void FollowerLink::BidFarewell(bool run_done, const std::string& reason) {
  v1::FollowResponse message;
  message.mutable_farewell()->set_run_done(run_done);
  message.mutable_farewell()->set_reason(reason);
  {
    absl::MutexLock lock(&mutex_);
    farewell_ = true;
  }
  Send(message);
}

std::string FollowerLink::lost() const {
  absl::MutexLock lock(&mutex_);
  return lost_;
}

absl::Time FollowerLink::heard() const {
  absl::MutexLock lock(&mutex_);
  return heard_;
}

bool FollowerLink::Send(const v1::FollowResponse& message) {
  absl::MutexLock lock(&write_mutex_);
  return stream_ != nullptr && stream_->Write(message);
}

std::optional<v1::FollowRequest> FollowerLink::Read() {
  v1::FollowRequest request;
  while (reading_->Read(&request)) {
    absl::MutexLock lock(&mutex_);
    heard_ = absl::Now();
    if (!request.has_alive()) return request;
  }
  return std::nullopt;
}

void FollowerLink::ServeReplies() {
  while (std::optional<v1::FollowRequest> request = Read()) {
    absl::MutexLock lock(&mutex_);
    const auto found = replies_.find(request->reply().order());
    if (found != replies_.end()) found->second = std::move(*request->mutable_reply());
  }
}

void FollowerLink::Detach() {
  {
    absl::MutexLock lock(&mutex_);
    Lose(farewell_ ? "it was told to go" : "its connection has ended");
  }
  if (!write_mutex_.TryLock()) {
    // Somebody writes to a follower that may not read any more.
    Drop("");
    write_mutex_.Lock();
  }
  stream_ = nullptr;
  write_mutex_.Unlock();
  absl::MutexLock lock(&mutex_);
  context_ = nullptr;
}

}  // namespace cohort::learner
