#include "services/learner/follow/order_executor.h"

#include <cstring>

#include "common/io/crc32c.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/learner/follow/messages.h"
#include "tests/unit/services/learner/train/run_config.h"

namespace cohort::learner {
namespace {

using cohort::testing::StatusIs;
using ::testing::HasSubstr;

class OrderExecutorTest : public ::testing::Test {
 protected:
  OrderExecutorTest() {
    PolicyModelOptions options;
    options.optimizer = TinyRunConfig().optimizer();
    options.optimizes = false;
    policy_ = PolicyModel::Create(options, model_).value();
    executor_ = std::make_unique<OrderExecutor>(policy_.get(), model_.layout.size());
  }

  v1::OrderReply Execute(v1::FollowResponse order) {
    order.set_order(3);
    auto reply = executor_->Execute(order);
    EXPECT_OK(reply);
    EXPECT_EQ(reply->order(), 3);
    return *std::move(reply);
  }
  // The first elements of the arena, all of them `value`.
  static v1::FollowResponse Weights(float value, int64_t size) {
    const std::vector<float> values(size, value);
    v1::FollowResponse order;
    order.mutable_weights()->set_weights(v1::WEIGHT_SET_POLICY);
    order.mutable_weights()->set_data(values.data(), values.size() * sizeof(float));
    const std::string& data = order.weights().data();
    order.mutable_weights()->set_crc32c(io::Crc32c(absl::MakeConstSpan(data.data(), data.size())));
    return order;
  }

  const model::LoadedModel model_ = RandomModel({}, 4);
  std::unique_ptr<PolicyModel> policy_;
  std::unique_ptr<OrderExecutor> executor_;
};

TEST_F(OrderExecutorTest, AGradientIsTheSumOfItsWorkersAndIsReadInSlices) {
  const auto groups = RandomGroups(1, 2, 40, 1);
  TokenBatch batch;
  batch.AddRoot(groups[0].prompt);
  batch.AddPrediction(batch.rows() - 1, 7);
  for (int64_t worker = 0; worker < policy_->workers(); ++worker) {
    v1::FollowResponse score;
    score.mutable_score()->set_worker(worker);
    score.mutable_score()->set_weights(v1::WEIGHT_SET_POLICY);
    score.mutable_score()->set_keep(true);
    *score.mutable_score()->mutable_batch() = ToMessage(batch);
    EXPECT_LT(Execute(score).scores().logprobs(0), 0);
    v1::FollowResponse backward;
    backward.mutable_backward()->set_worker(worker);
    backward.mutable_backward()->add_dlogprobs(1);
    EXPECT_TRUE(Execute(backward).has_done());
  }
  const auto first_slice = [&] {
    v1::FollowResponse read;
    read.mutable_read_gradient()->set_offset(16);
    read.mutable_read_gradient()->set_size(64);
    const v1::OrderReply reply = Execute(read);
    std::vector<float> values(64);
    EXPECT_EQ(reply.gradient().data().size(), 64 * sizeof(float));
    std::memcpy(values.data(), reply.gradient().data().data(), 64 * sizeof(float));
    EXPECT_EQ(reply.gradient().crc32c(), io::Crc32c(absl::MakeConstSpan(reply.gradient().data().data(), reply.gradient().data().size())));
    return values;
  };
  const std::vector<float> of_one = first_slice();
  v1::FollowResponse sum;
  sum.mutable_sum_gradient();
  EXPECT_TRUE(Execute(sum).has_done());
  const std::vector<float> of_both = first_slice();
  ASSERT_EQ(policy_->workers(), 2);
  for (size_t i = 0; i < of_one.size(); ++i) EXPECT_EQ(of_both[i], 2 * of_one[i]);
  v1::FollowResponse clear;
  clear.mutable_clear_gradient();
  EXPECT_TRUE(Execute(clear).has_done());
  EXPECT_EQ(first_slice(), std::vector<float>(64, 0.0f));
}

TEST_F(OrderExecutorTest, WeightsAreWrittenWhereTheyBelong) {
  v1::FollowResponse order = Weights(0.5f, 10);
  order.mutable_weights()->set_offset(20);
  EXPECT_TRUE(Execute(order).has_done());
  const auto weights = policy_->Weights().value();
  EXPECT_EQ(weights->floats()[19], model_.weights->floats()[19]);
  EXPECT_EQ(weights->floats()[20], 0.5f);
  EXPECT_EQ(weights->floats()[29], 0.5f);
  EXPECT_EQ(weights->floats()[30], model_.weights->floats()[30]);
}

TEST_F(OrderExecutorTest, BrainFloatsBecomeFloats) {
  const uint16_t values[] = {model::FloatToBfloat(1.5f), model::FloatToBfloat(-2.0f)};
  v1::FollowResponse order;
  order.mutable_weights()->set_weights(v1::WEIGHT_SET_POLICY);
  order.mutable_weights()->set_brain_floats(true);
  order.mutable_weights()->set_data(values, sizeof(values));
  order.mutable_weights()->set_crc32c(io::Crc32c(absl::MakeConstSpan(reinterpret_cast<const char*>(values), sizeof(values))));
  EXPECT_TRUE(Execute(order).has_done());
  EXPECT_EQ(policy_->Weights().value()->floats()[0], 1.5f);
  EXPECT_EQ(policy_->Weights().value()->floats()[1], -2.0f);
}

TEST_F(OrderExecutorTest, ADamagedSliceIsNoAnswerButTheEnd) {
  v1::FollowResponse order = Weights(0.5f, 10);
  (*order.mutable_weights()->mutable_data())[5] ^= 1;
  EXPECT_THAT(executor_->Execute(order), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(policy_->Weights().value()->floats()[0], model_.weights->floats()[0]);
}

TEST_F(OrderExecutorTest, WhatCannotBeDoneIsSaid) {
  v1::FollowResponse read;
  read.mutable_read_gradient()->set_offset(model_.layout.size() - 1);
  read.mutable_read_gradient()->set_size(2);
  EXPECT_THAT(Execute(read).error(), HasSubstr("a slice of 2 elements"));
  v1::FollowResponse torn = Weights(1, 4);
  std::string& data = *torn.mutable_weights()->mutable_data();
  data.pop_back();
  torn.mutable_weights()->set_crc32c(io::Crc32c(absl::MakeConstSpan(data.data(), data.size())));
  EXPECT_THAT(Execute(torn).error(), HasSubstr("15 bytes"));
  v1::FollowResponse reference = Weights(1, 4);
  reference.mutable_weights()->set_weights(v1::WEIGHT_SET_REFERENCE);
  EXPECT_THAT(Execute(reference).error(), HasSubstr("reference"));
  v1::FollowResponse backward;
  backward.mutable_backward()->add_dlogprobs(1);
  EXPECT_THAT(Execute(backward).error(), HasSubstr("1 gradients for the 0 predictions"));
  EXPECT_THAT(Execute(v1::FollowResponse()).error(), HasSubstr("does not know"));
}

}  // namespace
}  // namespace cohort::learner
