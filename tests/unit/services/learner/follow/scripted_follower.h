#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "common/sync/thread.h"
#include "proto/cohort/learner/v1/follow_service.pb.h"

namespace cohort::learner {

// A follower for tests of the leader: does what a real one does, without signs of life, until it is told otherwise.
class ScriptedFollower {
 public:
  // What to do with the order that comes as number `count`, from 1.
  enum class Move { kAnswer, kLeave, kFallSilent };
  struct Script {
    std::string name = "scripted";
    std::string run;
    std::function<void(v1::FollowerReady& ready)> edit_ready;
    std::function<Move(int64_t count, const v1::FollowResponse& order)> move;
    std::function<void(v1::OrderReply& reply)> edit_reply;
  };
  ScriptedFollower(const std::string& leader, Script script);
  ~ScriptedFollower();

  // How the stream ended; waits for it.
  absl::Status Join();
  int64_t orders() const { return orders_; }

 private:
  void Run(const std::string& leader, const Script& script);

  std::atomic<int64_t> orders_{0};
  absl::Status status_;
  sync::Thread thread_;
};

}  // namespace cohort::learner
