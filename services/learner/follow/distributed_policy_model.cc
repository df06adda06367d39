#include "services/learner/follow/distributed_policy_model.h"

#include <algorithm>
#include <deque>
#include <exception>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/io/crc32c.h"
#include "common/sync/thread.h"
#include "services/learner/follow/messages.h"

namespace cohort::learner {
namespace {

// What ends the passes that are in vain.
class Abandoned final : public std::runtime_error {
 public:
  Abandoned() : std::runtime_error("the pass of another worker has failed") {}
};

void RethrowCause(const std::vector<std::exception_ptr>& errors) {
  for (const std::exception_ptr& error : errors) {
    if (error == nullptr) continue;
    try {
      std::rethrow_exception(error);
    } catch (const Abandoned&) {
      // Not the cause.
    }
  }
}

absl::Span<const float> FloatsOf(const v1::GradientSlice& slice, int64_t size, FollowerLink& link) {
  const absl::Span<const char> bytes(slice.data().data(), slice.data().size());
  const auto count = static_cast<size_t>(size);
  if (bytes.size() == count * sizeof(float) && io::Crc32c(bytes) == slice.crc32c()) {
    return absl::MakeConstSpan(reinterpret_cast<const float*>(bytes.data()), count);
  }
  link.Drop("a slice of its gradient came damaged");
  throw FollowerLost(absl::StrCat("follower ", link.name(), " is lost: a slice of its gradient came damaged"));
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

void DistributedPolicyModel::GatherWorkers() {
  const auto all = pool_->Complete();
  if (!all.has_value()) throw FollowerLost(pool_->Missing());
  std::vector<Follower> followers;
  for (const auto& link : *all) {
    link->ForgetOrders();
    const auto known = std::find_if(followers_.begin(), followers_.end(), [&](const Follower& follower) { return follower.link == link; });
    followers.push_back(known != followers_.end() ? *known : Follower{link});
  }
  followers_ = std::move(followers);
}

int64_t DistributedPolicyModel::workers() const {
  int64_t count = local_->workers();
  for (const Follower& follower : followers_) count += follower.link->workers();
  return count;
}

DistributedPolicyModel::RemoteWorker DistributedPolicyModel::Locate(int64_t worker) const {
  worker -= local_->workers();
  if (worker < 0) return {};
  for (const Follower& follower : followers_) {
    if (worker < follower.link->workers()) return {follower.link.get(), worker};
    worker -= follower.link->workers();
  }
  throw std::out_of_range("no such worker");
}

void DistributedPolicyModel::Run(const std::function<void(int64_t worker)>& body) {
  BringUpToDate();
  abandoned_ = false;
  const int64_t local = local_->workers();
  std::vector<std::exception_ptr> errors(workers() - local + 1);
  const auto attempt = [this](std::exception_ptr& error, const std::function<void()>& part) {
    try {
      part();
    } catch (...) {
      error = std::current_exception();
      abandoned_ = true;
    }
  };
  {
    std::vector<sync::Thread> threads;  // They wait for followers; what computes is there.
    for (int64_t worker = local; worker < workers(); ++worker) {
      threads.emplace_back(absl::StrCat("follow-", worker), [&, worker] { attempt(errors[worker - local + 1], [&] { body(worker); }); });
    }
    attempt(errors[0], [&] { local_->Run(body); });
  }
  RethrowCause(errors);
}

TokenScores DistributedPolicyModel::Score(int64_t worker, WeightsOf weights, const TokenBatch& batch, bool keep) {
  if (abandoned_) throw Abandoned();
  const RemoteWorker remote = Locate(worker);
  if (remote.link == nullptr) return local_->Score(worker, weights, batch, keep);
  v1::FollowResponse order;
  order.mutable_score()->set_worker(remote.worker);
  order.mutable_score()->set_weights(ToMessage(weights));
  order.mutable_score()->set_keep(keep);
  *order.mutable_score()->mutable_batch() = ToMessage(batch);
  TokenScores scores = FromMessage(remote.link->Call(std::move(order)).scores());
  const auto expected = static_cast<size_t>(batch.predictions());
  if (scores.logprobs.size() == expected && scores.entropies.size() == expected) return scores;
  throw std::runtime_error(absl::StrCat("follower ", remote.link->name(), " scored ", scores.logprobs.size(), " of ", expected, " predictions"));
}

void DistributedPolicyModel::Backward(int64_t worker, const TokenBatch& batch, const std::vector<double>& dlogprobs) {
  const RemoteWorker remote = Locate(worker);
  if (remote.link == nullptr) return local_->Backward(worker, batch, dlogprobs);
  v1::FollowResponse order;
  order.mutable_backward()->set_worker(remote.worker);
  order.mutable_backward()->mutable_dlogprobs()->Add(dlogprobs.begin(), dlogprobs.end());
  remote.link->Call(std::move(order));
}

void DistributedPolicyModel::OrderAll(const v1::FollowResponse& order, const std::function<void()>& meanwhile) {
  std::vector<int64_t> numbers;
  for (const Follower& follower : followers_) numbers.push_back(follower.link->Give(order));
  meanwhile();
  for (size_t i = 0; i < followers_.size(); ++i) followers_[i].link->Await(numbers[i]);
}

void DistributedPolicyModel::ClearGradients() {
  v1::FollowResponse order;
  order.mutable_clear_gradient();
  OrderAll(order, [this] { local_->ClearGradients(); });
}

void DistributedPolicyModel::SumGradients() {
  v1::FollowResponse order;
  order.mutable_sum_gradient();
  OrderAll(order, [this] { local_->SumGradients(); });
  AddFollowersGradients();
}

void DistributedPolicyModel::AddFollowersGradients() {
  std::vector<std::deque<int64_t>> under_way(followers_.size());
  int64_t asked = 0;  // Elements, of every follower.
  for (int64_t offset = 0; offset < elements_; offset += kSliceElements) {
    for (; asked < elements_ && asked < offset + kSlicesUnderWay * kSliceElements; asked += kSliceElements) {
      const v1::FollowResponse order = ReadOrder(asked, std::min(kSliceElements, elements_ - asked));
      for (size_t i = 0; i < followers_.size(); ++i) under_way[i].push_back(followers_[i].link->Give(order));
    }
    for (size_t i = 0; i < followers_.size(); ++i) {
      FollowerLink& link = *followers_[i].link;
      const v1::OrderReply reply = link.Await(under_way[i].front());
      under_way[i].pop_front();
      local_->AddToGradient(offset, FloatsOf(reply.gradient(), std::min(kSliceElements, elements_ - offset), link));
    }
  }
}

void DistributedPolicyModel::BringUpToDate() {
  std::vector<FollowerLink*> lack_policy, lack_reference;
  for (Follower& follower : followers_) {
    if (follower.policy != policy_) lack_policy.push_back(follower.link.get());
    if (has_reference() && follower.reference != reference_) lack_reference.push_back(follower.link.get());
  }
  if (!lack_policy.empty()) SendWeights(WeightsOf::kPolicy, *local_->SamplingWeights(), lack_policy);
  if (!lack_reference.empty()) SendWeights(WeightsOf::kReference, *local_->ReferenceWeights(), lack_reference);
  for (Follower& follower : followers_) {
    follower.policy = policy_;
    follower.reference = reference_;
  }
}

void DistributedPolicyModel::SendWeights(WeightsOf weights, const model::Arena& arena, const std::vector<FollowerLink*>& links) {
  std::deque<std::pair<FollowerLink*, int64_t>> under_way;
  const auto await_first = [&] {
    const auto [link, number] = under_way.front();
    under_way.pop_front();
    link->Await(number);
  };
  for (int64_t offset = 0; offset < arena.size(); offset += kSliceElements) {
    const v1::FollowResponse order = SliceOrder(weights, arena, offset, std::min(kSliceElements, arena.size() - offset));
    for (FollowerLink* link : links) {
      if (under_way.size() >= links.size() * kSlicesUnderWay) await_first();
      under_way.emplace_back(link, link->Give(order));
    }
  }
  while (!under_way.empty()) await_first();
}

void DistributedPolicyModel::Step(double learning_rate, double gradient_scale) {
  local_->Step(learning_rate, gradient_scale);
  ++policy_;
}

void DistributedPolicyModel::TakeBack() {
  local_->TakeBack();
  ++policy_;
}

void DistributedPolicyModel::RefreshReference() {
  local_->RefreshReference();
  ++reference_;
}

void DistributedPolicyModel::WriteWeights(WeightsOf weights, int64_t offset, model::DType dtype, absl::Span<const char> bytes) {
  local_->WriteWeights(weights, offset, dtype, bytes);
  ++(weights == WeightsOf::kPolicy ? policy_ : reference_);
}

absl::Status DistributedPolicyModel::Restore(const model::Arena& weights, const std::string& state_path) {
  ++policy_;
  ++reference_;
  return local_->Restore(weights, state_path);
}

}  // namespace cohort::learner
