#include "common/sync/thread.h"

#include <pthread.h>

#include <atomic>

#include "gtest/gtest.h"

namespace cohort::sync {
namespace {

TEST(ThreadTest, DestructorWaitsForTheBody) {
  std::atomic<bool> done{false};
  { Thread thread("worker", [&] { done = true; }); }
  EXPECT_TRUE(done);
}

TEST(ThreadTest, CarriesTheFirstFifteenCharactersOfItsName) {
  std::string seen;
  Thread thread("a-name-that-is-too-long", [&] {
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof(name));
    seen = name;
  });
  thread.Join();
  EXPECT_EQ(seen, "a-name-that-is-");
}

TEST(ThreadTest, AssignmentJoinsTheFormerThread) {
  std::atomic<int> ended{0};
  Thread thread("first", [&] { ++ended; });
  thread = Thread("second", [&] { ++ended; });
  EXPECT_GE(ended, 1);
  thread.Join();
  EXPECT_EQ(ended, 2);
  EXPECT_FALSE(thread.joinable());
}

}  // namespace
}  // namespace cohort::sync
