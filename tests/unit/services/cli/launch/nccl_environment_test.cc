#include "services/cli/launch/nccl_environment.h"

#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

config::v1::RunConfig RunOn(int learner_gpu, int first_gpu, int gpus, int workers) {
  config::v1::RunConfig config;
  config.mutable_run()->set_name("run");
  config.mutable_optimizer()->set_gpu(learner_gpu);
  config.mutable_rollout()->set_first_gpu(first_gpu);
  config.mutable_rollout()->set_gpus(gpus);
  config.mutable_rollout()->set_workers(workers);
  return config;
}

TEST(NcclEnvironmentTest, RanksOnGpusOfTheirOwnReachEachOtherAsNcclChooses) {
  const auto config = RunOn(/*learner_gpu=*/0, /*first_gpu=*/1, /*gpus=*/2, /*workers=*/2);
  for (const int worker : {-1, 0, 1}) EXPECT_THAT(NcclEnvironment(config, worker), ElementsAre(Pair("NCCL_SOCKET_IFNAME", "lo"))) << worker;
}

TEST(NcclEnvironmentTest, AWorkerOnTheLearnersGpuPretendsToBeAnotherMachine) {
  const auto config = RunOn(0, 0, 1, 1);
  EXPECT_THAT(NcclEnvironment(config, 0), Contains(Pair("NCCL_HOSTID", "cohort-run-0")));
  EXPECT_THAT(NcclEnvironment(config, -1), Not(Contains(Key("NCCL_HOSTID"))));
  for (const int worker : {-1, 0}) EXPECT_THAT(NcclEnvironment(config, worker), Contains(Pair("NCCL_NET", "Socket"))) << "all ranks use the same network";
}

TEST(NcclEnvironmentTest, OfWorkersThatShareAGpuTheFirstKeepsTheFastWay) {
  const auto config = RunOn(0, 1, 1, 3);
  EXPECT_THAT(NcclEnvironment(config, 0), Not(Contains(Key("NCCL_HOSTID"))));
  EXPECT_THAT(NcclEnvironment(config, 1), Contains(Pair("NCCL_HOSTID", "cohort-run-1")));
  EXPECT_THAT(NcclEnvironment(config, 2), Contains(Pair("NCCL_HOSTID", "cohort-run-2")));
}

TEST(NcclEnvironmentTest, WhatTheUserHasSetStays) {
  setenv("NCCL_SOCKET_IFNAME", "eth0", 1);
  EXPECT_THAT(NcclEnvironment(RunOn(0, 1, 1, 1), 0), Not(Contains(Key("NCCL_SOCKET_IFNAME"))));
  unsetenv("NCCL_SOCKET_IFNAME");
}

}  // namespace
}  // namespace cohort::cli
