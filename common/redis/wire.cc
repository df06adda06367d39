#include "common/redis/wire.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/status_macros.h"

namespace cohort::redis {
namespace {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

Reply Convert(const redisReply& raw) {
  Reply reply;
  switch (raw.type) {
    case REDIS_REPLY_INTEGER:
      reply.kind = Reply::Kind::kInteger;
      reply.integer = raw.integer;
      break;
    case REDIS_REPLY_ARRAY:
      reply.kind = Reply::Kind::kArray;
      for (size_t i = 0; i < raw.elements; ++i) reply.elements.push_back(Convert(*raw.element[i]));
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:  // Inside an array only; the outermost one becomes a status.
#if HIREDIS_MAJOR >= 1
    case REDIS_REPLY_DOUBLE:
    case REDIS_REPLY_BIGNUM:
    case REDIS_REPLY_VERB:
#endif
      reply.kind = Reply::Kind::kString;
      reply.text.assign(raw.str, raw.len);
      break;
    default:
      break;
  }
  return reply;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Wire>> Wire::Connect(const std::string& address, absl::Time deadline) {
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon == std::string::npos || colon == 0 || !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 1 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("'", address, "' is not the address of a Redis server; write host:port"));
  }
  const absl::Duration left = deadline - absl::Now();
  if (left <= absl::ZeroDuration()) return absl::DeadlineExceededError("no time left to connect");
  // hiredis takes a zero timeout for none.
  const timeval timeout = absl::ToTimeval(std::clamp(left, absl::Milliseconds(1), absl::Hours(1)));
  std::unique_ptr<Wire> wire(new Wire(redisConnectWithTimeout(address.substr(0, colon).c_str(), port, timeout)));
  if (wire->context_ == nullptr) return absl::ResourceExhaustedError("no memory for a connection");
  if (wire->context_->err != 0) return wire->Error();
  // From here on hiredis returns instead of blocking, and WaitFor() does the waiting.
  wire->context_->flags &= ~REDIS_BLOCK;
  fcntl(wire->context_->fd, F_SETFL, fcntl(wire->context_->fd, F_GETFL) | O_NONBLOCK);
  return wire;
}

Wire::~Wire() {
  if (context_ != nullptr) redisFree(context_);
}

bool Wire::IsStale() const {
  pollfd polled = {.fd = context_->fd, .events = POLLIN, .revents = 0};
  return poll(&polled, 1, /*timeout=*/0) != 0;
}

absl::StatusOr<Reply> Wire::Call(const std::vector<std::string>& command, absl::Time deadline, bool& server_error) {
  server_error = false;
  std::vector<const char*> words;
  std::vector<size_t> lengths;
  for (const std::string& word : command) {
    words.push_back(word.data());
    lengths.push_back(word.size());
  }
  if (redisAppendCommandArgv(context_, static_cast<int>(words.size()), words.data(), lengths.data()) != REDIS_OK) return Error();
  COHORT_RETURN_IF_ERROR(Send(deadline));
  for (;;) {
    void* raw = nullptr;
    if (redisGetReplyFromReader(context_, &raw) != REDIS_OK) return Error();
    if (raw != nullptr) {
      const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
      server_error = reply->type == REDIS_REPLY_ERROR;
      if (server_error) return ErrorOf(absl::string_view(reply->str, reply->len));
      return Convert(*reply);
    }
    COHORT_RETURN_IF_ERROR(WaitFor(POLLIN, deadline));
    if (redisBufferRead(context_) != REDIS_OK) return Error();
  }
}

absl::Status Wire::Send(absl::Time deadline) {
  for (;;) {
    int done = 0;
    if (redisBufferWrite(context_, &done) != REDIS_OK) return Error();
    if (done) return absl::OkStatus();
    COHORT_RETURN_IF_ERROR(WaitFor(POLLOUT, deadline));
  }
}

absl::Status Wire::WaitFor(short events, absl::Time deadline) {
  for (;;) {
    const absl::Duration left = std::clamp(deadline - absl::Now(), absl::ZeroDuration(), absl::Hours(1));
    pollfd polled = {.fd = context_->fd, .events = events, .revents = 0};
    const timespec timeout = absl::ToTimespec(left);
    const int ready = ppoll(&polled, 1, &timeout, nullptr);
    if (ready > 0) return absl::OkStatus();
    if (ready == 0 && absl::Now() >= deadline) return absl::DeadlineExceededError("no answer before the deadline");
    if (ready < 0 && errno != EINTR) return absl::UnavailableError(absl::StrCat("poll: ", std::strerror(errno)));
  }
}

absl::Status Wire::Error() const {
  // errstr holds strerror(errno) for REDIS_ERR_IO, else hiredis' own words ("Server closed the connection").
  return absl::UnavailableError(context_->errstr);
}

}  // namespace cohort::redis
