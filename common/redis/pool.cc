#include "common/redis/pool.h"

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace cohort::redis {

Pool::Pool(Connection::Options options, int max_connections) : options_(std::move(options)), unopened_(max_connections) {}
Pool::~Pool() = default;

Pool::Lent::~Lent() {
  if (connection_ != nullptr) pool_->TakeBack(std::move(connection_));
}

absl::StatusOr<Pool::Lent> Pool::Lend(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  while (idle_.empty() && unopened_ == 0) {
    if (returned_.WaitWithDeadline(&mutex_, deadline) && idle_.empty()) {
      return absl::DeadlineExceededError(absl::StrCat("redis at ", options_.address, ": all connections were in use until the deadline"));
    }
  }
  if (idle_.empty()) {
    --unopened_;
    return Lent(this, std::make_unique<Connection>(options_));
  }
  std::unique_ptr<Connection> connection = std::move(idle_.back());  // The last one used: its socket and caches are warm.
  idle_.pop_back();
  return Lent(this, std::move(connection));
}

absl::StatusOr<Reply> Pool::Command(const std::vector<std::string>& command, absl::Time deadline, LostReply lost_reply) {
  COHORT_ASSIGN_OR_RETURN(const Lent connection, Lend(deadline));
  return connection->Command(command, deadline, lost_reply);
}

absl::StatusOr<Reply> Pool::Run(const Script& script, const std::vector<std::string>& keys, const std::vector<std::string>& arguments,
                                absl::Time deadline, LostReply lost_reply) {
  COHORT_ASSIGN_OR_RETURN(const Lent connection, Lend(deadline));
  return connection->Run(script, keys, arguments, deadline, lost_reply);
}

void Pool::TakeBack(std::unique_ptr<Connection> connection) {
  absl::MutexLock lock(&mutex_);
  idle_.push_back(std::move(connection));
  returned_.Signal();
}

}  // namespace cohort::redis
