// Broadcasts over NCCL to rollout workers that are processes of their own, and real deaths of theirs. On one GPU all ranks share it; with more, they take
// them in turn. Prints how long recovery took.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/cuda/device.h"
#include "common/cuda/memory.h"
#include "common/nccl/nccl_collectives.h"
#include "common/policy/collective_root.h"
#include "common/policy/gpu_weights.h"
#include "common/policy/policy_publisher.h"
#include "common/process/child_process.h"
#include "common/random/philox.h"
#include "common/rpc/server.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "tests/integration/policy/gpu/gpu_member.h"

namespace cohort::policy {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(2);
const absl::Duration kMostStall = kTimeout + absl::Seconds(2);  // In which a run may be late after a member stops answering.
constexpr int64_t kMiB = int64_t{1} << 20;

template <typename Condition>
bool Within(absl::Duration patience, Condition condition) {
  for (const absl::Time deadline = absl::Now() + patience; absl::Now() < deadline; absl::SleepFor(absl::Milliseconds(2))) {
    if (condition()) return true;
  }
  return condition();
}

class NcclBroadcastTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const auto& [name, value] : SharedGpuEnvironment("learner")) {
      if (name != "NCCL_HOSTID") setenv(name.c_str(), value.c_str(), /*overwrite=*/0);
    }
  }

  // A learner on GPU 0 whose versions have so many bytes.
  void StartLearner(int64_t size_bytes) {
    size_bytes_ = size_bytes;
    CollectiveRoot::Options options;
    ASSERT_OK_AND_ASSIGN(options.library, nccl::MakeNcclCollectives(0));
    options.size_bytes = size_bytes;
    options.timeout = kTimeout;
    root_ = std::make_unique<CollectiveRoot>(std::move(options));
    publisher_ = std::make_unique<PolicyPublisher>(/*incarnation=*/1, /*max_staleness=*/0, root_.get());
    ASSERT_OK_AND_ASSIGN(server_, rpc::Server::Start({.address = "127.0.0.1:0", .services = {publisher_->service()}}));
    random::Stream stream(4, 0);
    for (char& byte : block_) byte = static_cast<char>(stream.NextBelow(256));
  }
  void TearDown() override {
    for (auto& [name, member] : members_) member->Stop(absl::Now());
    if (publisher_ != nullptr) publisher_->Shutdown();
    if (server_ != nullptr) server_->Shutdown(absl::Now() + absl::Seconds(2));
  }

  process::ChildProcess& StartMember(const std::string& name, int64_t corrupt_version = -1) {
    const int gpu = static_cast<int>(members_.size() + 1) % cuda::DeviceCount();
    const bool shared = !taken_.insert(gpu).second;
    process::ChildProcess::Options options;
    options.command = {ThisProgram()};
    for (std::string& argument : ToCommandLine({server_->address(), name, gpu, size_bytes_, corrupt_version})) options.command.push_back(std::move(argument));
    if (shared) options.environment = SharedGpuEnvironment(name);
    options.log_file = LogOf(name);
    auto child = process::ChildProcess::Start(std::move(options));
    EXPECT_OK(child);
    return *(members_[name] = *std::move(child));
  }

  bool HasMembers(int members) {
    return Within(absl::Seconds(30), [&] { return root_->counts().members == members; });
  }

  // Weights that differ for each version.
  void Publish(int64_t version) {
    auto memory = std::make_shared<cuda::DeviceBuffer<char>>();
    ASSERT_OK_AND_ASSIGN(*memory, cuda::DeviceBuffer<char>::Allocate(size_bytes_, "a version"));
    ASSERT_EQ(cudaMemset(memory->data(), static_cast<int>(version), size_bytes_), cudaSuccess);
    for (int64_t begin = 0; begin + kMiB <= size_bytes_; begin += 16 * kMiB) {
      ASSERT_EQ(cudaMemcpy(memory->data() + begin, block_.data(), kMiB, cudaMemcpyHostToDevice), cudaSuccess);
    }
    ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    ASSERT_OK_AND_ASSIGN(auto weights, GpuWeights::Create(std::shared_ptr<const void>(memory, memory->data()), size_bytes_, /*gpu=*/0));
    publisher_->Publish(version, std::shared_ptr<const PublishedWeights>(std::move(weights)));
  }

  // How a version came to a member: "broadcast", "fetched", or "" when it did not.
  std::string Arrival(const std::string& name, int64_t version, absl::Duration patience = absl::Seconds(30)) {
    std::string how;
    Within(patience, [&] {
      std::ifstream log(LogOf(name));
      for (std::string line; std::getline(log, line);) {
        std::istringstream words(line);
        std::string number, kind;
        if (words >> number >> kind && number == absl::StrCat(version)) how = kind;
      }
      return !how.empty();
    });
    return how;
  }

  static std::string ThisProgram() {
    char path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
    return std::string(path, length > 0 ? length : 0);
  }
  std::string LogOf(const std::string& name) const { return absl::StrCat(logs_.path(), "/", name, ".log"); }
  void Say(const std::string& what, absl::Time since) {
    std::printf("%s: %.3f s after it (%d GPUs, epoch %lld, formed in %.3f s, sent in %.3f s)\n", what.c_str(), absl::ToDoubleSeconds(absl::Now() - since),
                cuda::DeviceCount(), static_cast<long long>(root_->counts().epoch), root_->counts().last_form_seconds, root_->counts().last_broadcast_seconds);
  }

  const testing::TempDir logs_;
  int64_t size_bytes_ = 0;
  std::vector<char> block_ = std::vector<char>(kMiB);
  std::unique_ptr<CollectiveRoot> root_;
  std::unique_ptr<PolicyPublisher> publisher_;
  std::unique_ptr<rpc::Server> server_;
  std::map<std::string, std::unique_ptr<process::ChildProcess>> members_;
  std::set<int> taken_ = {0};
};

TEST_F(NcclBroadcastTest, EveryVersionReachesEveryMemberAndNothingGoesOverGrpc) {
  StartLearner(64 * kMiB + 6);
  StartMember("first");
  StartMember("second");
  ASSERT_TRUE(HasMembers(2));
  for (int version = 1; version <= 5; ++version) {
    Publish(version);
    EXPECT_EQ(Arrival("first", version), "broadcast");
    EXPECT_EQ(Arrival("second", version), "broadcast");
  }
  EXPECT_EQ(publisher_->bytes_sent(), 0);
  EXPECT_EQ(root_->counts().failures, 0);
}

TEST_F(NcclBroadcastTest, AJoinerFetchesWhatItFindsAndIsInTheNextEpoch) {
  StartLearner(8 * kMiB);
  StartMember("early");
  ASSERT_TRUE(HasMembers(1));
  Publish(1);
  EXPECT_EQ(Arrival("early", 1), "broadcast");
  StartMember("late");
  EXPECT_EQ(Arrival("late", 1), "fetched");
  ASSERT_TRUE(HasMembers(2));
  Publish(2);
  EXPECT_EQ(Arrival("early", 2), "broadcast");
  EXPECT_EQ(Arrival("late", 2), "broadcast");
}

TEST_F(NcclBroadcastTest, SigkillInMidBroadcast) {
  StartLearner(768 * kMiB);
  StartMember("lives");
  process::ChildProcess& dies = StartMember("dies");
  ASSERT_TRUE(HasMembers(2));
  Publish(1);
  ASSERT_EQ(Arrival("dies", 1), "broadcast");
  ASSERT_EQ(Arrival("lives", 1), "broadcast");
  const double whole = root_->counts().last_broadcast_seconds;
  // When some of it is there.
  Publish(2);
  absl::SleepFor(absl::Seconds(whole / 3));
  dies.Signal(SIGKILL);
  const absl::Time death = absl::Now();
  EXPECT_EQ(Arrival("lives", 2, kMostStall), "broadcast");
  Say("the survivor has the version that a SIGKILL interrupted", death);
  EXPECT_LE(absl::Now() - death, kMostStall);
  EXPECT_GE(root_->counts().failures, 1) << "the broadcast was over before the kill; it took " << whole << " s";
  ASSERT_TRUE(HasMembers(1));
  Publish(3);
  EXPECT_EQ(Arrival("lives", 3), "broadcast");
}

TEST_F(NcclBroadcastTest, AMemberThatIsStoppedIsSeenByTheDeadlineAloneAndComesBack) {
  StartLearner(64 * kMiB);
  StartMember("lives");
  process::ChildProcess& stops = StartMember("stops");
  ASSERT_TRUE(HasMembers(2));
  stops.Signal(SIGSTOP);
  const absl::Time begin = absl::Now();
  Publish(1);
  EXPECT_EQ(Arrival("lives", 1, kMostStall), "broadcast");
  Say("the other member has the version that a stopped one held up", begin);
  EXPECT_GE(absl::Now() - begin, kTimeout);
  stops.Signal(SIGCONT);
  EXPECT_EQ(Arrival("stops", 1), "fetched");
  ASSERT_TRUE(HasMembers(2));
  Publish(2);
  EXPECT_EQ(Arrival("lives", 2), "broadcast");
  EXPECT_EQ(Arrival("stops", 2), "broadcast");
}

TEST_F(NcclBroadcastTest, AllMembersDieAndOthersTakeTheirPlace) {
  StartLearner(8 * kMiB);
  process::ChildProcess& first = StartMember("first");
  ASSERT_TRUE(HasMembers(1));
  first.Signal(SIGKILL);
  ASSERT_TRUE(HasMembers(0));
  Publish(1);
  StartMember("second");
  EXPECT_EQ(Arrival("second", 1), "fetched");
  ASSERT_TRUE(HasMembers(1));
  Publish(2);
  EXPECT_EQ(Arrival("second", 2), "broadcast");
}

TEST_F(NcclBroadcastTest, SpoiltBytesAreNotShownAndFetchedInstead) {
  StartLearner(8 * kMiB);
  StartMember("member", /*corrupt_version=*/2);
  ASSERT_TRUE(HasMembers(1));
  Publish(1);
  EXPECT_EQ(Arrival("member", 1), "broadcast");
  Publish(2);
  EXPECT_EQ(Arrival("member", 2), "fetched");
  Publish(3);
  EXPECT_EQ(Arrival("member", 3), "broadcast") << "the communicator is still good";
}

}  // namespace
}  // namespace cohort::policy
