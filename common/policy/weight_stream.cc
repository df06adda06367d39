#include "common/policy/weight_stream.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/rpc/status.h"

namespace cohort::policy {
namespace {

constexpr int64_t kSliceBytes = 1 << 20;

}  // namespace

WeightStream::WeightStream(std::shared_ptr<const PublishedWeights> weights, std::shared_ptr<TransferState> state)
    : weights_(std::move(weights)), state_(std::move(state)) {
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
  const int64_t left = weights_->size_bytes() - offset_;
  if (left == 0) return Finish(grpc::Status::OK);
  if (state_->stopping) return Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the learner is stopping"));
  slice_.set_offset(offset_);
  std::string& data = *slice_.mutable_data();
  data.resize(std::min(left, kSliceBytes));
  const absl::Status read = weights_->Read(offset_, absl::MakeSpan(data));
  if (!read.ok()) return Finish(rpc::ToGrpc(read));
  StartWrite(&slice_);
}

}  // namespace cohort::policy
