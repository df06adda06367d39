#include <string>

#include "gtest/gtest.h"
#include "tests/integration/policy/gpu/gpu_member.h"

// The test, or one of the processes that it starts.
int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "--member") cohort::policy::RunMember(cohort::policy::FromCommandLine(argc, argv));
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
