#pragma once

#include <cstddef>
#include <string>

namespace cohort::cli {

// Reads lines from a file descriptor with bounded memory. Not thread-safe.
class LineReader {
 public:
  enum class Result {
    kLine,
    kTooLong,  // The line was longer than the limit and has been passed over.
    kEnd,
  };

  // Does not own `fd`.
  LineReader(int fd, size_t max_line_bytes) : fd_(fd), max_line_bytes_(max_line_bytes) {}

  // The next line without its newline; the last one may have none. Blocks until it is there.
  Result Next(std::string* line);
  // Whether Next() would wait for somebody who has not written yet.
  bool WouldBlock();

 private:
  bool HasLine() const { return buffer_.find('\n', begin_) != std::string::npos; }
  // False at the end of the input.
  bool Fill();
  Result SkipLongLine();

  const int fd_;
  const size_t max_line_bytes_;
  std::string buffer_;
  size_t begin_ = 0;  // Where the next line begins.
  bool ended_ = false;
};

}  // namespace cohort::cli
