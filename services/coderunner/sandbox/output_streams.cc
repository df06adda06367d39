#include "services/coderunner/sandbox/output_streams.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace cohort::coderunner {
namespace {

constexpr size_t kChunk = 64 * 1024;
constexpr int kChunksAtOnce = 16;  // Then the other streams and the limits have their turn.

}  // namespace

void OutputStreams::AppendTo(std::vector<pollfd>* fds) const {
  for (const Stream& stream : streams_) {
    if (stream.fd.valid()) fds->push_back({stream.fd.get(), POLLIN, 0});
  }
}

void OutputStreams::ReadAll() {
  for (Stream& stream : streams_) Read(stream);
}

void OutputStreams::Read(Stream& stream) {
  char chunk[kChunk];
  for (int i = 0; i < kChunksAtOnce && stream.fd.valid(); ++i) {
    const ssize_t got = read(stream.fd.get(), chunk, sizeof(chunk));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      stream.fd.Reset();
      return;
    }
    total_bytes_ += got;
    const size_t room = stream.keep - std::min(stream.keep, stream.text.size());
    stream.text.append(chunk, std::min(room, static_cast<size_t>(got)));
  }
}

}  // namespace cohort::coderunner
