#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace cohort::model {

// A file mapped into memory for reading. Moves, does not copy. Whoever cuts the file short while it is mapped gets SIGBUS: map only what is whole.
class MappedFile {
 public:
  // Errors name the path.
  static absl::StatusOr<MappedFile> Open(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  absl::Span<const char> bytes() const { return bytes_; }

 private:
  explicit MappedFile(absl::Span<const char> bytes) : bytes_(bytes) {}
  absl::Span<const char> bytes_;
};

}  // namespace cohort::model
