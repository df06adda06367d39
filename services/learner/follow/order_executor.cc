#include "services/learner/follow/order_executor.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/io/crc32c.h"
#include "common/status/status_macros.h"
#include "services/learner/follow/messages.h"

namespace cohort::learner {

OrderExecutor::OrderExecutor(PolicyModel* model, int64_t elements) : model_(model), elements_(elements), kept_(model->workers()) {}

absl::StatusOr<v1::OrderReply> OrderExecutor::Execute(const v1::FollowResponse& order) {
  v1::OrderReply reply;
  const absl::Status carried = Carry(order, reply);
  if (absl::IsDataLoss(carried)) return carried;
  reply.set_order(order.order());
  if (!carried.ok()) {
    reply.set_error(std::string(carried.message()));
  } else if (reply.outcome_case() == v1::OrderReply::OUTCOME_NOT_SET) {
    reply.mutable_done();
  }
  return reply;
}

absl::Status OrderExecutor::Carry(const v1::FollowResponse& order, v1::OrderReply& reply) {
  switch (order.message_case()) {
    case v1::FollowResponse::kScore: return Score(order.score(), reply);
    case v1::FollowResponse::kBackward: return Backward(order.backward());
    case v1::FollowResponse::kWeights: return WriteWeights(order.weights());
    case v1::FollowResponse::kReadGradient: return ReadGradient(order.read_gradient(), reply);
    case v1::FollowResponse::kClearGradient: return model_->ClearGradients();
    case v1::FollowResponse::kSumGradient: return model_->SumGradients();
    default: return absl::UnimplementedError("an order that this version does not know; run the leader's version of cohort-learner");
  }
}

absl::Status OrderExecutor::Score(const v1::ScoreOrder& order, v1::OrderReply& reply) {
  COHORT_ASSIGN_OR_RETURN(const WeightsOf weights, FromMessage(order.weights()));
  COHORT_ASSIGN_OR_RETURN(TokenBatch batch, FromMessage(order.batch()));
  COHORT_ASSIGN_OR_RETURN(const TokenScores scores, model_->Score(order.worker(), weights, batch, order.keep()));
  *reply.mutable_scores() = ToMessage(scores);
  if (order.keep()) kept_[order.worker()] = std::move(batch);
  return absl::OkStatus();
}

absl::Status OrderExecutor::Backward(const v1::BackwardOrder& order) {
  const TokenBatch& batch = kept_[order.worker()];
  if (batch.predictions() != order.dlogprobs_size()) {
    return absl::InvalidArgumentError(absl::StrCat(order.dlogprobs_size(), " gradients for the ", batch.predictions(), " predictions of the batch before"));
  }
  return model_->Backward(order.worker(), batch, {order.dlogprobs().begin(), order.dlogprobs().end()});
}

absl::Status OrderExecutor::CheckRange(int64_t offset, int64_t size) const {
  if (offset >= 0 && size >= 0 && size <= kSliceElements && offset <= elements_ - size) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("a slice of ", size, " elements from ", offset, " of an arena of ", elements_));
}

absl::Status OrderExecutor::WriteWeights(const v1::WeightsOrder& order) {
  const absl::Span<const char> bytes(order.data().data(), order.data().size());
  if (io::Crc32c(bytes) != order.crc32c()) return absl::DataLossError("a slice of weights came damaged");
  COHORT_ASSIGN_OR_RETURN(const WeightsOf weights, FromMessage(order.weights()));
  const model::DType dtype = order.brain_floats() ? model::DType::kBfloat16 : model::DType::kFloat32;
  const auto size = static_cast<int64_t>(bytes.size());
  if (size % model::SizeOf(dtype) != 0) return absl::InvalidArgumentError(absl::StrCat("a slice of ", size, " bytes, which are no whole elements"));
  COHORT_RETURN_IF_ERROR(CheckRange(order.offset(), size / model::SizeOf(dtype)));
  if (weights == WeightsOf::kReference && !model_->has_reference()) return absl::InvalidArgumentError("weights of a reference that there is not");
  return model_->WriteWeights(weights, order.offset(), dtype, bytes);
}

absl::Status OrderExecutor::ReadGradient(const v1::ReadGradientOrder& order, v1::OrderReply& reply) {
  COHORT_RETURN_IF_ERROR(CheckRange(order.offset(), order.size()));
  std::string& data = *reply.mutable_gradient()->mutable_data();
  data.resize(static_cast<size_t>(order.size()) * sizeof(float));
  const auto values = absl::MakeSpan(reinterpret_cast<float*>(data.data()), static_cast<size_t>(order.size()));
  COHORT_RETURN_IF_ERROR(model_->ReadGradient(order.offset(), values));
  reply.mutable_gradient()->set_crc32c(io::Crc32c(absl::MakeConstSpan(data.data(), data.size())));
  return absl::OkStatus();
}

}  // namespace cohort::learner
