#include "common/redis/wire.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/redis/socket.h"
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

absl::StatusOr<std::unique_ptr<Wire>> Wire::Connect(const Endpoint& endpoint, const tls::Files& files, absl::Time deadline) {
  const absl::Duration left = deadline - absl::Now();
  if (left <= absl::ZeroDuration()) return absl::DeadlineExceededError("no time left to connect");
  // hiredis takes a zero timeout for none.
  const timeval timeout = absl::ToTimeval(std::clamp(left, absl::Milliseconds(1), absl::Hours(1)));
  std::unique_ptr<Wire> wire(new Wire(redisConnectWithTimeout(endpoint.host.c_str(), endpoint.port, timeout)));
  if (wire->context_ == nullptr) return absl::ResourceExhaustedError("no memory for a connection");
  if (wire->context_->err != 0) return wire->Error();
  // From here on hiredis returns instead of blocking, and WaitForSocket() does the waiting.
  wire->context_->flags &= ~REDIS_BLOCK;
  fcntl(wire->context_->fd, F_SETFL, fcntl(wire->context_->fd, F_GETFL) | O_NONBLOCK);
  if (endpoint.tls) {
    COHORT_ASSIGN_OR_RETURN(wire->tls_, TlsSession::Handshake(wire->context_->fd, endpoint.host, files, deadline));
  }
  return wire;
}

Wire::~Wire() {
  if (context_ != nullptr) redisFree(context_);
}

bool Wire::IsStale() const { return tls_ != nullptr ? tls_->IsStale() : HasNews(context_->fd); }

absl::StatusOr<Reply> Wire::Call(const std::vector<std::string>& command, absl::Time deadline, bool& server_error) {
  server_error = false;
  COHORT_RETURN_IF_ERROR(Send(command, deadline));
  for (;;) {
    void* raw = nullptr;
    if (redisGetReplyFromReader(context_, &raw) != REDIS_OK) return Error();
    if (raw != nullptr) {
      const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
      server_error = reply->type == REDIS_REPLY_ERROR;
      if (server_error) return ErrorOf(absl::string_view(reply->str, reply->len));
      return Convert(*reply);
    }
    COHORT_RETURN_IF_ERROR(Receive(deadline));
  }
}

absl::Status Wire::Send(const std::vector<std::string>& command, absl::Time deadline) {
  std::vector<const char*> words;
  std::vector<size_t> lengths;
  for (const std::string& word : command) {
    words.push_back(word.data());
    lengths.push_back(word.size());
  }
  const int count = static_cast<int>(words.size());
  if (tls_ == nullptr) {
    if (redisAppendCommandArgv(context_, count, words.data(), lengths.data()) != REDIS_OK) return Error();
    return SendPlain(deadline);
  }
  char* formatted = nullptr;
  const int size = redisFormatCommandArgv(&formatted, count, words.data(), lengths.data());
  if (size < 0) return absl::ResourceExhaustedError("no memory for a command");
  const std::unique_ptr<char, decltype(&redisFreeCommand)> owned(formatted, redisFreeCommand);
  return tls_->Write(absl::string_view(formatted, size), deadline);
}

absl::Status Wire::SendPlain(absl::Time deadline) {
  for (;;) {
    int done = 0;
    if (redisBufferWrite(context_, &done) != REDIS_OK) return Error();
    if (done) return absl::OkStatus();
    COHORT_RETURN_IF_ERROR(WaitForSocket(context_->fd, POLLOUT, deadline));
  }
}

absl::Status Wire::Receive(absl::Time deadline) {
  if (tls_ != nullptr) {
    COHORT_ASSIGN_OR_RETURN(const absl::string_view bytes, tls_->Read(deadline));
    if (redisReaderFeed(context_->reader, bytes.data(), bytes.size()) != REDIS_OK) return absl::UnavailableError(context_->reader->errstr);
    return absl::OkStatus();
  }
  COHORT_RETURN_IF_ERROR(WaitForSocket(context_->fd, POLLIN, deadline));
  return redisBufferRead(context_) == REDIS_OK ? absl::OkStatus() : Error();
}

absl::Status Wire::Error() const {
  // errstr holds strerror(errno) for REDIS_ERR_IO, else hiredis' own words ("Server closed the connection").
  return absl::UnavailableError(context_->errstr);
}

}  // namespace cohort::redis
