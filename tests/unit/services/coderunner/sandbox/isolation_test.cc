#include "services/coderunner/sandbox/isolation.h"

#include "gtest/gtest.h"

namespace cohort::coderunner {
namespace {

constexpr Walls kWalls = Walls::kNamespaces;

TEST(IsolationTest, RecognisesTheRuntimesByWhatTheyLeave) {
  EXPECT_EQ(LevelOf({"Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016", "", "none / 9p rw 0 0", "<6>[    0.000000] Starting gVisor...\n"}, kWalls),
            IsolationLevel::kGvisor);
  EXPECT_EQ(LevelOf({"Linux version 6.1.62", "console=hvc0 systemd.unit=kata-containers.target agent.log=debug", "", ""}, kWalls), IsolationLevel::kKata);
  EXPECT_EQ(LevelOf({"Linux version 6.1.62", "", "kataShared / virtiofs rw,relatime 0 0", ""}, Walls::kProcess), IsolationLevel::kKata);
}

TEST(IsolationTest, IsWeakEverywhereElse) {
  const RuntimeTraces container = {"Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)", "BOOT_IMAGE=/boot/vmlinuz quiet", "overlay / overlay rw 0 0", ""};
  EXPECT_EQ(LevelOf(container, Walls::kNamespaces), IsolationLevel::kNamespaces);
  EXPECT_EQ(LevelOf(container, Walls::kProcess), IsolationLevel::kProcess);
  EXPECT_EQ(LevelOf({}, Walls::kProcess), IsolationLevel::kProcess);
  EXPECT_FALSE(IsStrong(IsolationLevel::kNamespaces));
  EXPECT_TRUE(IsStrong(IsolationLevel::kGvisor));
}

TEST(IsolationTest, ReadsThisMachine) {
  EXPECT_NE(RuntimeTraces::OfThisMachine().version.find("Linux"), std::string::npos);
}

}  // namespace
}  // namespace cohort::coderunner
