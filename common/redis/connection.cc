#include "common/redis/connection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
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

// Whether an error of connecting says that the server and this process do not accept each other, rather than that it is not there.
bool IsRefusal(const absl::Status& error) {
  return !error.ok() && !absl::IsUnavailable(error) && !absl::IsDeadlineExceeded(error) && !absl::IsResourceExhausted(error);
}

// A refusal as callers get it.
absl::Status Refusal(const absl::Status& error, const std::string& address) {
  return ErrorWithReason(error.code(), kRefused, absl::StrCat("redis at ", address, ": ", error.message()));
}

// What the server answers to every first command of another host, before it hangs up.
absl::Status ProtectedMode() {
  return absl::FailedPreconditionError(
      "it is in protected mode, and answers its own machine alone; protect the server (requirepass or an ACL) and name the file with the password in "
      "COHORT_REDIS_PASSWORD_FILE");
}

// The server's answer to a log-in, with what to do about it.
absl::Status LoginError(const absl::Status& error, const Access& access, const std::string& user) {
  const std::string reason = ErrorReason(error);
  if (reason == "WRONGPASS") {
    const std::string whose = user.empty() ? "the default user" : absl::StrCat("user '", user, "'");
    return absl::PermissionDeniedError(
        absl::StrCat("it does not take the password of ", access.password_source(), " for ", whose, "; correct the password or COHORT_REDIS_USER"));
  }
  if (reason == "DENIED") return ProtectedMode();
  if (absl::StrContains(error.message(), "without any password configured")) {
    return absl::FailedPreconditionError(absl::StrCat("it asks for no password, and ", access.password_source(),
                                                      " gives one; protect the server (requirepass or an ACL), or take the setting out"));
  }
  return absl::UnavailableError(error.message());  // "max number of clients reached" is one.
}

// The server's answer to the name of the connection: OK where it lets the next command in, or that one hears what matters.
absl::Status NamingError(const absl::Status& error) {
  const std::string reason = ErrorReason(error);
  if (reason == "NOAUTH") {
    return absl::PermissionDeniedError(
        "it asks for a password, and none is given; name a file that holds it in COHORT_REDIS_PASSWORD_FILE, and in COHORT_REDIS_USER whose it is");
  }
  if (reason == "DENIED") return ProtectedMode();
  // An ACL may refuse this command, an old server not know it, and one that loads its data or runs a script is only busy.
  const bool harmless = reason == "NOPERM" || reason == "ERR" || absl::IsUnavailable(error);
  return harmless ? absl::OkStatus() : error;
}

}  // namespace

Connection::Connection(Options options)
    : options_(std::move(options)), access_(options_.access != nullptr ? options_.access : Access::OfProcess()), endpoint_(ParseAddress(options_.address)) {}
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
  if (!endpoint_.ok()) return endpoint_.status();
  sync::Backoff backoff(kReconnect);
  absl::Status told;  // The last error that says more than that the time was up.
  for (int attempts = 1;; ++attempts) {
    Attempt attempt;
    absl::Status error = EnsureConnected(deadline);
    if (IsRefusal(error)) {
      const absl::Status refusal = Refusal(error, options_.address);
      if (!access_->ever_accepted()) return refusal;
      access_->WarnOfRefusal(refusal);
      error = absl::UnavailableError(error.message());
    } else if (error.ok()) {
      absl::StatusOr<Reply> reply = action(attempt);
      if (reply.ok()) return reply;
      error = reply.status();
    }
    const bool busy = attempt.server_error && error.code() == absl::StatusCode::kUnavailable;
    if (attempt.server_error && absl::IsPermissionDenied(error)) return Refusal(error, options_.address);
    if (attempt.server_error && !busy) return Annotate(error, absl::StrCat("redis at ", options_.address));
    if (!busy) wire_.reset();
    if (attempt.sent && !attempt.server_error && lost_reply == LostReply::kReport) {
      return absl::UnavailableError(absl::StrCat("redis at ", options_.address, ": outcome unknown: ", error.message()));
    }
    if (told.ok() || !absl::IsDeadlineExceeded(error)) told = error;
    if (!backoff.Wait(sync::StopToken(), deadline)) return Describe(told, start, attempts);
  }
}

absl::Status Connection::EnsureConnected(absl::Time deadline) {
  // What died while it was idle must not make the outcome of the next command unknown.
  if (wire_ != nullptr && !wire_->IsStale()) return absl::OkStatus();
  wire_.reset();
  COHORT_ASSIGN_OR_RETURN(std::unique_ptr<Wire> wire, Connect(std::min(deadline, absl::Now() + options_.connect_timeout)));
  hashes_.clear();
  wire_ = std::move(wire);
  access_->Accepted();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Wire>> Connection::Connect(absl::Time deadline) const {
  COHORT_ASSIGN_OR_RETURN(std::unique_ptr<Wire> wire, Wire::Connect(*endpoint_, access_->tls(), deadline));
  CommandStats::OfProcess().CountConnect();
  const absl::Status introduced = Introduce(*wire, deadline);
  if (introduced.ok()) return wire;
  // So does a port where TLS is spoken, but also a server that is just ending.
  const bool hung_up = !endpoint_->tls && absl::IsUnavailable(introduced);
  return hung_up ? Annotate(introduced, "the connection ended at the first command; if this is a TLS port, write its address as rediss://host:port") : introduced;
}

absl::Status Connection::Introduce(Wire& wire, absl::Time deadline) const {
  COHORT_ASSIGN_OR_RETURN(const std::optional<Access::Login> login, access_->ReadLogin());
  bool server_error = false;
  if (login.has_value()) {
    std::vector<std::string> command = {"AUTH"};
    if (!login->user.empty()) command.push_back(login->user);
    command.push_back(login->password);
    const absl::Status authenticated = wire.Call(command, deadline, server_error).status();
    if (!authenticated.ok()) return server_error ? LoginError(authenticated, *access_, login->user) : authenticated;
  }
  const absl::Status named = wire.Call({"CLIENT", "SETNAME", options_.client_name}, deadline, server_error).status();
  return server_error ? NamingError(named) : named;
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
  const std::string message = absl::StrCat("redis at ", options_.address, ": ", error.message(), " (", tried, ")");
  return absl::IsUnauthenticated(error) ? ErrorWithReason(error.code(), kRefused, message) : absl::Status(error.code(), message);
}

}  // namespace cohort::redis
