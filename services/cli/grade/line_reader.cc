#include "services/cli/grade/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace cohort::cli {
namespace {

constexpr size_t kReadBytes = 256 * 1024;

}  // namespace

bool LineReader::Fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t had = buffer_.size();
  buffer_.resize(had + kReadBytes);
  ssize_t got;
  do {
    got = read(fd_, buffer_.data() + had, kReadBytes);
  } while (got < 0 && errno == EINTR);
  buffer_.resize(had + (got > 0 ? static_cast<size_t>(got) : 0));
  ended_ = got <= 0;
  return !ended_;
}

LineReader::Result LineReader::Next(std::string* line) {
  size_t searched = begin_;
  for (;;) {
    const size_t newline = buffer_.find('\n', searched);
    if (newline != std::string::npos && newline - begin_ <= max_line_bytes_) {
      line->assign(buffer_, begin_, newline - begin_);
      begin_ = newline + 1;
      return Result::kLine;
    }
    const size_t pending = buffer_.size() - begin_;
    if (newline != std::string::npos || pending > max_line_bytes_) return SkipLongLine();
    if (ended_ || !Fill()) break;
    searched = pending;  // Fill() has moved the line to the front.
  }
  if (begin_ == buffer_.size()) return Result::kEnd;
  line->assign(buffer_, begin_);
  begin_ = buffer_.size();
  return Result::kLine;
}

LineReader::Result LineReader::SkipLongLine() {
  for (;;) {
    const size_t newline = buffer_.find('\n', begin_);
    if (newline != std::string::npos) {
      begin_ = newline + 1;
      return Result::kTooLong;
    }
    begin_ = buffer_.size();
    if (ended_ || !Fill()) return Result::kTooLong;
  }
}

bool LineReader::WouldBlock() {
  if (ended_ || HasLine()) return false;
  pollfd poll_fd{fd_, POLLIN, 0};
  return poll(&poll_fd, 1, 0) == 0;
}

}  // namespace cohort::cli
