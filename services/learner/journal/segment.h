#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cohort::learner {

// One file of the journal: records one after the other, each as length (u32), CRC-32C over length and payload (u32), payload; little-endian.
//
// Whatever is not a whole record with the right checksum ends the segment: that is how a write looks that a kill or a power cut interrupted.

// Appends the frame of `payload` to `out`.
void AppendFrame(absl::string_view payload, std::string& out);

// What reading a segment found.
struct SegmentContents {
  int64_t valid_bytes = 0;  // Where the last whole record ends.
  int64_t file_bytes = 0;   // More than valid_bytes when the tail is torn.
};

// Hands every whole record and the offset of its frame to `record`, in order; stops at its first error and returns it.
absl::StatusOr<SegmentContents> ReadSegment(const std::string& path,
                                            const std::function<absl::Status(int64_t offset, absl::string_view payload)>& record);

// The payload of the record whose frame begins at `offset`. DATA_LOSS when there is no whole record there any more.
absl::StatusOr<std::string> ReadRecord(const std::string& path, int64_t offset);

// A segment that is being written. Not thread-safe.
class SegmentWriter {
 public:
  // Creates the file; it must not exist. The directory entry is flushed.
  static absl::StatusOr<SegmentWriter> Create(const std::string& path);
  ~SegmentWriter();
  SegmentWriter(SegmentWriter&& other) noexcept;
  SegmentWriter& operator=(SegmentWriter&& other) noexcept;

  // Writes `frames` and flushes them to disk (fdatasync). After an error (RESOURCE_EXHAUSTED: disk full) the file is cut back to what it held before.
  absl::Status Write(absl::string_view frames);

  const std::string& path() const { return path_; }
  int64_t bytes() const { return bytes_; }

 private:
  SegmentWriter(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  int fd_ = -1;
  int64_t bytes_ = 0;  // Durable.
};

// Cuts `path` to `bytes` and flushes it.
absl::Status TruncateFile(const std::string& path, int64_t bytes);

}  // namespace cohort::learner
