#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/redis/connection.h"

namespace cohort::redis {

// A bounded set of connections to one server, lent to one thread at a time. Thread-safe; outlives what it lends.
class Pool {
 public:
  Pool(Connection::Options options, int max_connections);
  ~Pool();

  // A lent connection; gives itself back.
  class Lent {
   public:
    Lent(Pool* pool, std::unique_ptr<Connection> connection) : pool_(pool), connection_(std::move(connection)) {}
    Lent(Lent&&) = default;
    Lent& operator=(Lent&&) = delete;
    ~Lent();
    Connection* operator->() const { return connection_.get(); }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  // Waits while all are lent; DEADLINE_EXCEEDED names the address.
  absl::StatusOr<Lent> Lend(absl::Time deadline);

  // The same calls as on a Connection, on any free one.
  absl::StatusOr<Reply> Command(const std::vector<std::string>& command, absl::Time deadline, LostReply lost_reply);
  absl::StatusOr<Reply> Run(const Script& script, const std::vector<std::string>& keys, const std::vector<std::string>& arguments,
                            absl::Time deadline, LostReply lost_reply);

  const std::string& address() const { return options_.address; }

 private:
  void TakeBack(std::unique_ptr<Connection> connection);

  const Connection::Options options_;
  absl::Mutex mutex_;
  absl::CondVar returned_;
  int unopened_ ABSL_GUARDED_BY(mutex_);  // Connections that may still be made.
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cohort::redis
