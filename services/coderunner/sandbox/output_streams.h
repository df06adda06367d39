#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/sandbox/unique_fd.h"

namespace cohort::coderunner {

// The reading ends of what a process writes. Keeps a bounded beginning of each and counts all of it. Not thread-safe.
class OutputStreams {
 public:
  // `fd` does not block; at most `keep` bytes of it are kept.
  void Add(sandbox::UniqueFd fd, size_t keep) { streams_.push_back({std::move(fd), keep, {}}); }

  // One entry for each stream that is still open, in order.
  void AppendTo(std::vector<pollfd>* fds) const;
  // Reads what is there now; closes streams at their end.
  void ReadAll();
  // Bytes that came in all.
  int64_t total_bytes() const { return total_bytes_; }
  std::string Take(size_t index) { return std::move(streams_[index].text); }

 private:
  struct Stream {
    sandbox::UniqueFd fd;
    size_t keep = 0;
    std::string text;
  };
  void Read(Stream& stream);

  std::vector<Stream> streams_;
  int64_t total_bytes_ = 0;
};

}  // namespace cohort::coderunner
