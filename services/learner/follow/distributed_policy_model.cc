#include "services/learner/follow/distributed_policy_model.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/io/crc32c.h"
#include "common/status/status_macros.h"
#include "common/sync/thread.h"
#include "services/learner/follow/messages.h"

namespace cohort::learner {
namespace {

// What ends the passes that are in vain.
absl::Status Abandoned() { return absl::AbortedError("the pass of another worker has failed"); }

// The first error that is a cause and no consequence.
absl::Status Cause(const std::vector<absl::Status>& outcomes) {
  absl::Status cause;
  for (const absl::Status& outcome : outcomes) {
    if (!outcome.ok() && (cause.ok() || absl::IsAborted(cause))) cause = outcome;
  }
  return cause;
}

absl::StatusOr<absl::Span<const float>> FloatsOf(const v1::GradientSlice& slice, int64_t size, FollowerLink& link) {
  const absl::Span<const char> bytes(slice.data().data(), slice.data().size());
  const auto count = static_cast<size_t>(size);
  if (bytes.size() == count * sizeof(float) && io::Crc32c(bytes) == slice.crc32c()) {
    return absl::MakeConstSpan(reinterpret_cast<const float*>(bytes.data()), count);
  }
  link.Drop("a slice of its gradient came damaged");
  return FollowerLost(absl::StrCat("follower ", link.name(), " is lost: a slice of its gradient came damaged"));
}

v1::FollowResponse ReadOrder(int64_t offset, int64_t size) {
  v1::FollowResponse order;
  order.mutable_read_gradient()->set_offset(offset);
  order.mutable_read_gradient()->set_size(size);
  return order;
}

v1::FollowResponse SliceOrder(WeightsOf weights, const model::Arena& arena, int64_t offset, int64_t size) {
  const int64_t width = model::SizeOf(arena.dtype());
  const absl::Span<const char> bytes = arena.bytes().subspan(offset * width, size * width);
  v1::FollowResponse order;
  v1::WeightsOrder& slice = *order.mutable_weights();
  slice.set_weights(ToMessage(weights));
  slice.set_offset(offset);
  slice.set_brain_floats(arena.dtype() == model::DType::kBfloat16);
  slice.set_data(bytes.data(), bytes.size());
  slice.set_crc32c(io::Crc32c(bytes));
  return order;
}

}  // namespace

DistributedPolicyModel::DistributedPolicyModel(std::unique_ptr<PolicyModel> local, FollowerPool* pool, int64_t elements)
    : PolicyModel(local->has_reference()), local_(std::move(local)), pool_(pool), elements_(elements) {}

absl::Status DistributedPolicyModel::GatherWorkers() {
  const auto all = pool_->Complete();
  if (!all.has_value()) return FollowerLost(pool_->Missing());
  std::vector<Follower> followers;
  remote_workers_.clear();
  for (const auto& link : *all) {
    link->ForgetOrders();
    const auto known = std::find_if(followers_.begin(), followers_.end(), [&](const Follower& follower) { return follower.link == link; });
    followers.push_back(known != followers_.end() ? *known : Follower{link});
    for (int64_t worker = 0; worker < link->workers(); ++worker) remote_workers_.push_back({link.get(), worker});
  }
  followers_ = std::move(followers);
  return absl::OkStatus();
}

int64_t DistributedPolicyModel::workers() const { return local_->workers() + static_cast<int64_t>(remote_workers_.size()); }

const DistributedPolicyModel::RemoteWorker* DistributedPolicyModel::Remote(int64_t worker) const {
  const int64_t local = local_->workers();
  return worker < local ? nullptr : &remote_workers_[worker - local];
}

absl::Status DistributedPolicyModel::Run(const std::function<absl::Status(int64_t worker)>& body) {
  COHORT_RETURN_IF_ERROR(BringUpToDate());
  abandoned_ = false;
  std::vector<absl::Status> outcomes(remote_workers_.size() + 1);
  const auto note = [&](size_t i, absl::Status outcome) {
    if (!outcome.ok()) abandoned_ = true;
    outcomes[i] = std::move(outcome);
  };
  {
    std::vector<sync::Thread> threads;  // They wait for followers; what computes is there.
    for (size_t i = 0; i < remote_workers_.size(); ++i) {
      const int64_t worker = local_->workers() + static_cast<int64_t>(i);
      threads.emplace_back(absl::StrCat("follow-", worker), [&, i, worker] { note(i + 1, body(worker)); });
    }
    note(0, local_->Run(body));
  }
  return Cause(outcomes);
}

absl::StatusOr<TokenScores> DistributedPolicyModel::Score(int64_t worker, WeightsOf weights, const TokenBatch& batch, bool keep) {
  if (abandoned_) return Abandoned();
  const RemoteWorker* remote = Remote(worker);
  if (remote == nullptr) return local_->Score(worker, weights, batch, keep);
  v1::FollowResponse order;
  order.mutable_score()->set_worker(remote->worker);
  order.mutable_score()->set_weights(ToMessage(weights));
  order.mutable_score()->set_keep(keep);
  *order.mutable_score()->mutable_batch() = ToMessage(batch);
  COHORT_ASSIGN_OR_RETURN(const v1::OrderReply reply, remote->link->Call(std::move(order)));
  TokenScores scores = FromMessage(reply.scores());
  const auto expected = static_cast<size_t>(batch.predictions());
  if (scores.logprobs.size() == expected && scores.entropies.size() == expected) return scores;
  return absl::InternalError(absl::StrCat("follower ", remote->link->name(), " scored ", scores.logprobs.size(), " of ", expected, " predictions"));
}

absl::Status DistributedPolicyModel::Backward(int64_t worker, const TokenBatch& batch, const std::vector<double>& dlogprobs) {
  const RemoteWorker* remote = Remote(worker);
  if (remote == nullptr) return local_->Backward(worker, batch, dlogprobs);
  v1::FollowResponse order;
  order.mutable_backward()->set_worker(remote->worker);
  order.mutable_backward()->mutable_dlogprobs()->Add(dlogprobs.begin(), dlogprobs.end());
  return remote->link->Call(std::move(order)).status();
}

absl::Status DistributedPolicyModel::OrderAll(const v1::FollowResponse& order, const std::function<absl::Status()>& meanwhile) {
  std::vector<int64_t> numbers;
  for (const Follower& follower : followers_) numbers.push_back(follower.link->Give(order));
  COHORT_RETURN_IF_ERROR(meanwhile());
  for (size_t i = 0; i < followers_.size(); ++i) COHORT_RETURN_IF_ERROR(followers_[i].link->Await(numbers[i]).status());
  return absl::OkStatus();
}

absl::Status DistributedPolicyModel::ClearGradients() {
  v1::FollowResponse order;
  order.mutable_clear_gradient();
  return OrderAll(order, [this] { return local_->ClearGradients(); });
}

absl::Status DistributedPolicyModel::SumGradients() {
  v1::FollowResponse order;
  order.mutable_sum_gradient();
  COHORT_RETURN_IF_ERROR(OrderAll(order, [this] { return local_->SumGradients(); }));
  return AddFollowersGradients();
}

absl::Status DistributedPolicyModel::AddFollowersGradients() {
  std::vector<std::deque<int64_t>> under_way(followers_.size());
  int64_t asked = 0;  // Elements, of every follower.
  for (int64_t offset = 0; offset < elements_; offset += kSliceElements) {
    for (; asked < elements_ && asked < offset + kSlicesUnderWay * kSliceElements; asked += kSliceElements) {
      const v1::FollowResponse order = ReadOrder(asked, std::min(kSliceElements, elements_ - asked));
      for (size_t i = 0; i < followers_.size(); ++i) under_way[i].push_back(followers_[i].link->Give(order));
    }
    for (size_t i = 0; i < followers_.size(); ++i) {
      FollowerLink& link = *followers_[i].link;
      COHORT_ASSIGN_OR_RETURN(const v1::OrderReply reply, link.Await(under_way[i].front()));
      under_way[i].pop_front();
      COHORT_ASSIGN_OR_RETURN(const absl::Span<const float> slice, FloatsOf(reply.gradient(), std::min(kSliceElements, elements_ - offset), link));
      COHORT_RETURN_IF_ERROR(local_->AddToGradient(offset, slice));
    }
  }
  return absl::OkStatus();
}

absl::Status DistributedPolicyModel::BringUpToDate() {
  std::vector<FollowerLink*> lack_policy, lack_reference;
  for (Follower& follower : followers_) {
    if (follower.policy != policy_) lack_policy.push_back(follower.link.get());
    if (has_reference() && follower.reference != reference_) lack_reference.push_back(follower.link.get());
  }
  if (!lack_policy.empty()) {
    COHORT_ASSIGN_OR_RETURN(const auto weights, local_->SamplingWeights());
    COHORT_RETURN_IF_ERROR(SendWeights(WeightsOf::kPolicy, *weights, lack_policy));
  }
  if (!lack_reference.empty()) {
    COHORT_ASSIGN_OR_RETURN(const auto weights, local_->ReferenceWeights());
    COHORT_RETURN_IF_ERROR(SendWeights(WeightsOf::kReference, *weights, lack_reference));
  }
  for (Follower& follower : followers_) {
    follower.policy = policy_;
    follower.reference = reference_;
  }
  return absl::OkStatus();
}

absl::Status DistributedPolicyModel::SendWeights(WeightsOf weights, const model::Arena& arena, const std::vector<FollowerLink*>& links) {
  std::deque<std::pair<FollowerLink*, int64_t>> under_way;
  const auto await_first = [&] {
    const auto [link, number] = under_way.front();
    under_way.pop_front();
    return link->Await(number).status();
  };
  for (int64_t offset = 0; offset < arena.size(); offset += kSliceElements) {
    const v1::FollowResponse order = SliceOrder(weights, arena, offset, std::min(kSliceElements, arena.size() - offset));
    for (FollowerLink* link : links) {
      if (under_way.size() >= links.size() * kSlicesUnderWay) COHORT_RETURN_IF_ERROR(await_first());
      under_way.emplace_back(link, link->Give(order));
    }
  }
  while (!under_way.empty()) COHORT_RETURN_IF_ERROR(await_first());
  return absl::OkStatus();
}

absl::Status DistributedPolicyModel::Step(double learning_rate, double gradient_scale) {
  ++policy_;
  return local_->Step(learning_rate, gradient_scale);
}

absl::Status DistributedPolicyModel::TakeBack() {
  ++policy_;
  return local_->TakeBack();
}

absl::Status DistributedPolicyModel::RefreshReference() {
  ++reference_;
  return local_->RefreshReference();
}

absl::Status DistributedPolicyModel::WriteWeights(WeightsOf weights, int64_t offset, model::DType dtype, absl::Span<const char> bytes) {
  ++(weights == WeightsOf::kPolicy ? policy_ : reference_);
  return local_->WriteWeights(weights, offset, dtype, bytes);
}

absl::Status DistributedPolicyModel::Restore(const model::Arena& weights, const std::string& state_path) {
  ++policy_;
  ++reference_;
  return local_->Restore(weights, state_path);
}

}  // namespace cohort::learner
