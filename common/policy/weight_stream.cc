#include "common/policy/weight_stream.h"

#include <algorithm>
#include <utility>

namespace cohort::policy {
namespace {

constexpr int64_t kSliceBytes = 1 << 20;

}  // namespace

WeightStream::WeightStream(std::shared_ptr<const PolicySnapshot> snapshot, std::shared_ptr<TransferState> state)
    : snapshot_(std::move(snapshot)), state_(std::move(state)) {
  SendNext();
}

void WeightStream::OnWriteDone(bool ok) {
  if (!ok) return Finish(grpc::Status::CANCELLED);
  const auto sent = static_cast<int64_t>(slice_.data().size());
  offset_ += sent;
  state_->bytes_sent += sent;
  SendNext();
}

void WeightStream::SendNext() {
  const absl::Span<const char> bytes = snapshot_->weights->bytes();
  const int64_t left = static_cast<int64_t>(bytes.size()) - offset_;
  if (left == 0) return Finish(grpc::Status::OK);
  if (state_->stopping) return Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the learner is stopping"));
  slice_.set_offset(offset_);
  slice_.set_data(bytes.data() + offset_, std::min(left, kSliceBytes));
  StartWrite(&slice_);
}

}  // namespace cohort::policy
