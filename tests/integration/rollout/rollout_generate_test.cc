#include <csignal>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "tests/integration/rollout/rollout_fixture.h"

namespace cohort::rollout {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

struct Generated {
  std::string text;
  std::vector<int32_t> tokens;
  std::vector<float> logprobs;
  common::v1::FinishReason finish_reason = common::v1::FINISH_REASON_UNSPECIFIED;

  bool operator==(const Generated& other) const {
    return text == other.text && tokens == other.tokens && logprobs == other.logprobs && finish_reason == other.finish_reason;
  }
};

using Samples = std::map<std::pair<int, int>, Generated>;

class GenerateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteCheckpoint(model_.path(), 77);
    worker_ = std::make_unique<WorkerProcess>("w", std::vector<std::string>{"--standalone", "--model", model_.path(), "--max-batch", "8"});
    ASSERT_TRUE(worker_->WaitUntilReady());
    stub_ = worker_->Stub();
  }

  static v1::GenerateRequest Request(int prompts, int samples) {
    v1::GenerateRequest request;
    for (int i = 0; i < prompts; ++i) request.add_prompts()->set_text("User: " + std::to_string(100 + i) + " + 7\nAssistant: ");
    request.set_samples(samples);
    request.mutable_sampling()->set_temperature(1);
    request.mutable_sampling()->set_max_new_tokens(30);
    request.mutable_sampling()->set_seed(5);
    return request;
  }

  absl::StatusOr<Samples> Generate(const v1::GenerateRequest& request) { return Generate(*stub_, request); }

  static absl::StatusOr<Samples> Generate(v1::RolloutService::Stub& stub, const v1::GenerateRequest& request) {
    grpc::ClientContext context;
    rpc::SetDeadline(context, Soon());
    const auto stream = stub.Generate(&context, request);
    Samples samples;
    for (v1::GenerateResponse piece; stream->Read(&piece);) {
      Generated& sample = samples[{piece.prompt(), piece.sample()}];
      EXPECT_EQ(sample.finish_reason, common::v1::FINISH_REASON_UNSPECIFIED) << "nothing follows the last message of a sample";
      sample.text += piece.text();
      sample.tokens.insert(sample.tokens.end(), piece.token_ids().begin(), piece.token_ids().end());
      sample.logprobs.insert(sample.logprobs.end(), piece.logprobs().begin(), piece.logprobs().end());
      sample.finish_reason = piece.finish_reason();
    }
    const absl::Status status = rpc::FromGrpc(stream->Finish());
    if (!status.ok()) return status;
    return samples;
  }

  testing::TempDir model_;
  std::unique_ptr<WorkerProcess> worker_;
  std::unique_ptr<v1::RolloutService::Stub> stub_;
};

TEST_F(GenerateTest, MorePromptsThanFitAreAllCompletedAndEqualRequestsGiveEqualTokens) {
  ASSERT_OK_AND_ASSIGN(const Samples first, Generate(Request(40, 3)));
  EXPECT_THAT(first, SizeIs(120));
  for (const auto& [key, sample] : first) EXPECT_NE(sample.finish_reason, common::v1::FINISH_REASON_UNSPECIFIED);
  ASSERT_OK_AND_ASSIGN(const Samples second, Generate(Request(40, 3)));
  EXPECT_TRUE(first == second);
  ASSERT_OK_AND_ASSIGN(const Samples fewer, Generate(Request(2, 2)));
  EXPECT_TRUE(fewer.at({1, 1}) == first.at({1, 1}));
}

TEST_F(GenerateTest, ACacheThatIsTooSmallForAllGivesTheSameTokens) {
  auto request = Request(40, 3);
  request.mutable_sampling()->set_max_new_tokens(150);
  ASSERT_OK_AND_ASSIGN(const Samples plenty, Generate(request));
  // 512 positions: three samples that are as long as they may be.
  WorkerProcess small("small", {"--standalone", "--model", model_.path(), "--max-batch", "64", "--kv-megabytes", "1"});
  ASSERT_TRUE(small.WaitUntilReady());
  const auto stub = small.Stub();
  for (const bool stream : {false, true, false}) {  // Having seen how short completions are, it takes in more.
    request.set_stream_text(stream);
    ASSERT_OK_AND_ASSIGN(const Samples tight, Generate(*stub, request));
    EXPECT_TRUE(tight == plenty);
  }
}

TEST_F(GenerateTest, StreamedPiecesAddUpToTheWhole) {
  auto request = Request(3, 2);
  ASSERT_OK_AND_ASSIGN(const Samples whole, Generate(request));
  request.set_stream_text(true);
  ASSERT_OK_AND_ASSIGN(const Samples pieces, Generate(request));
  EXPECT_TRUE(pieces == whole);
}

TEST_F(GenerateTest, GreedyCompletionsOfAPromptAreAllTheSame) {
  auto request = Request(1, 3);
  request.mutable_sampling()->set_temperature(0);
  ASSERT_OK_AND_ASSIGN(const Samples samples, Generate(request));
  EXPECT_TRUE(samples.at({0, 0}) == samples.at({0, 2}));
}

TEST_F(GenerateTest, RequestsThatMakeNoSenseNameTheField) {
  auto request = Request(1, 1);
  request.mutable_sampling()->set_top_p(7);
  EXPECT_THAT(Generate(request), testing::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("top_p")));
  EXPECT_THAT(Generate(v1::GenerateRequest()), testing::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("prompts")));
}

TEST_F(GenerateTest, TheTimeBudgetAddsUpToTheTimeSinceTheStart) {
  ASSERT_OK(Generate(Request(4, 2)));
  const auto get = [&] {
    grpc::ClientContext context;
    rpc::SetDeadline(context, Soon());
    v1::GetWorkerResponse response;
    EXPECT_TRUE(stub_->GetWorker(&context, v1::GetWorkerRequest(), &response).ok());
    return response;
  };
  const absl::Time begin = absl::Now();
  const auto before = get();
  absl::SleepFor(absl::Milliseconds(100));
  const auto after = get();
  const double elapsed = absl::ToDoubleSeconds(absl::Now() - begin);
  const auto total = [](const v1::GetWorkerResponse& response) {
    double sum = 0;
    for (const auto& [activity, seconds] : response.time_budget_seconds()) sum += seconds;
    return sum;
  };
  EXPECT_GT(before.tokens(), 0);
  EXPECT_EQ(before.policy_version(), 0);
  EXPECT_GT(before.time_budget_seconds().at("generating"), 0);
  EXPECT_GE(total(after) - total(before), 0.1);
  EXPECT_LE(total(after) - total(before), elapsed + 0.01);
}

TEST_F(GenerateTest, StopsWithinItsGracePeriod) {
  worker_->process().Signal(SIGTERM);
  EXPECT_THAT(worker_->process().Wait(Soon()), testing::IsOkAndHolds(0)) << worker_->log();
}

TEST(WorkerStartTest, WrongCommandLinesAndModelsAreRefusedWithTheirExitCode) {
  WorkerProcess no_flags("w", {});
  EXPECT_THAT(no_flags.process().Wait(Soon()), testing::IsOkAndHolds(2));
  EXPECT_THAT(no_flags.log(), HasSubstr("--model is missing"));
  WorkerProcess bad_flag("w", {"--no-such-flag"});
  EXPECT_THAT(bad_flag.process().Wait(Soon()), testing::IsOkAndHolds(2));
  WorkerProcess no_model("w", {"--standalone", "--model", "/nonexistent"});
  EXPECT_THAT(no_model.process().Wait(Soon()), testing::IsOkAndHolds(::testing::AnyOf(2, 3)));
  EXPECT_THAT(no_model.log(), HasSubstr("/nonexistent"));
}

}  // namespace
}  // namespace cohort::rollout
