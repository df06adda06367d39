#include "common/redis/connection.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/redis/command_stats.h"
#include "common/redis/wire.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "common/sync/backoff.h"

namespace cohort::redis {
namespace {

constexpr sync::Backoff::Options kReconnect = {.first = absl::Milliseconds(10), .max = absl::Seconds(1)};

}  // namespace

Connection::Connection(Options options) : options_(std::move(options)) {}
Connection::~Connection() = default;

absl::StatusOr<Reply> Connection::Command(const std::vector<std::string>& command, absl::Time deadline, LostReply lost_reply) {
  return Retry(
      [&](Attempt& attempt) {
        attempt.sent = true;
        return wire_->Call(command, deadline, attempt.server_error);
      },
      deadline, lost_reply);
}

absl::StatusOr<Reply> Connection::Run(const Script& script, const std::vector<std::string>& keys, const std::vector<std::string>& arguments,
                                      absl::Time deadline, LostReply lost_reply) {
  std::vector<std::string> command = {"EVALSHA", "", absl::StrCat(keys.size())};
  command.insert(command.end(), keys.begin(), keys.end());
  command.insert(command.end(), arguments.begin(), arguments.end());
  return Retry(
      [&](Attempt& attempt) -> absl::StatusOr<Reply> {
        for (;;) {
          COHORT_ASSIGN_OR_RETURN(command[1], HashOf(script, deadline, attempt.server_error));
          attempt.sent = true;
          absl::StatusOr<Reply> reply = wire_->Call(command, deadline, attempt.server_error);
          // The script cache was emptied: nothing ran.
          if (!attempt.server_error || ErrorReason(reply.status()) != "NOSCRIPT") return reply;
          hashes_.erase(&script);
          attempt = Attempt();
        }
      },
      deadline, lost_reply);
}

absl::StatusOr<Reply> Connection::Retry(const Action& action, absl::Time deadline, LostReply lost_reply) {
  const absl::Time start = absl::Now();
  absl::StatusOr<Reply> reply = RetryUntil(action, start, deadline, lost_reply);
  CommandStats::OfProcess().Count(reply.status(), absl::Now() - start);
  return reply;
}

absl::StatusOr<Reply> Connection::RetryUntil(const Action& action, absl::Time start, absl::Time deadline, LostReply lost_reply) {
  sync::Backoff backoff(kReconnect);
  for (int attempts = 1;; ++attempts) {
    Attempt attempt;
    absl::Status error = EnsureConnected(deadline);
    if (error.ok()) {
      absl::StatusOr<Reply> reply = action(attempt);
      if (reply.ok()) return reply;
      error = reply.status();
    }
    const bool busy = attempt.server_error && error.code() == absl::StatusCode::kUnavailable;
    if (attempt.server_error && !busy) return Annotate(error, absl::StrCat("redis at ", options_.address));
    if (error.code() == absl::StatusCode::kInvalidArgument) return error;
    if (!busy) wire_.reset();
    if (attempt.sent && !attempt.server_error && lost_reply == LostReply::kReport) {
      return absl::UnavailableError(absl::StrCat("redis at ", options_.address, ": outcome unknown: ", error.message()));
    }
    if (!backoff.Wait(sync::StopToken(), deadline)) return Describe(error, start, attempts);
  }
}

absl::Status Connection::EnsureConnected(absl::Time deadline) {
  // What died while it was idle must not make the outcome of the next command unknown.
  if (wire_ != nullptr && !wire_->IsStale()) return absl::OkStatus();
  wire_.reset();
  const absl::Time until = std::min(deadline, absl::Now() + options_.connect_timeout);
  COHORT_ASSIGN_OR_RETURN(std::unique_ptr<Wire> wire, Wire::Connect(options_.address, until));
  CommandStats::OfProcess().CountConnect();
  hashes_.clear();
  bool server_error = false;
  const auto named = wire->Call({"CLIENT", "SETNAME", options_.client_name}, until, server_error);
  // A server that is still loading its data refuses this; the command itself will hear the same and come back.
  if (!named.ok() && !server_error) return named.status();
  wire_ = std::move(wire);
  return absl::OkStatus();
}

absl::StatusOr<std::string> Connection::HashOf(const Script& script, absl::Time deadline, bool& server_error) {
  std::string& hash = hashes_[&script];
  if (hash.empty()) {
    COHORT_ASSIGN_OR_RETURN(const Reply reply, wire_->Call({"SCRIPT", "LOAD", absl::StrCat(script.prelude, script.body)}, deadline, server_error));
    COHORT_ASSIGN_OR_RETURN(hash, AsString(reply));
  }
  return hash;
}

absl::Status Connection::Describe(const absl::Status& error, absl::Time start, int attempts) const {
  const std::string tried = absl::StrCat(attempts, attempts == 1 ? " attempt in " : " attempts in ", absl::FormatDuration(absl::Now() - start));
  return absl::Status(error.code(), absl::StrCat("redis at ", options_.address, ": ", error.message(), " (", tried, ")"));
}

}  // namespace cohort::redis
