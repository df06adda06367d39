#pragma once

#include <cstdint>
#include <memory>

#include "absl/types/span.h"

namespace cohort::model {

// A flat fp32 buffer on the CPU, 64-byte aligned, zeroed at first. Moves, does not copy. Not thread-safe while written; share as
// std::shared_ptr<const Arena> once whole.
class Arena {
 public:
  explicit Arena(int64_t elements);

  absl::Span<float> floats() { return absl::MakeSpan(data_.get(), elements_); }
  absl::Span<const float> floats() const { return absl::MakeConstSpan(data_.get(), elements_); }
  absl::Span<char> bytes() { return absl::MakeSpan(reinterpret_cast<char*>(data_.get()), elements_ * 4); }
  absl::Span<const char> bytes() const { return absl::MakeConstSpan(reinterpret_cast<const char*>(data_.get()), elements_ * 4); }
  int64_t size() const { return elements_; }  // Elements.

 private:
  struct Free {
    void operator()(float* data) const;
  };
  std::unique_ptr<float[], Free> data_;
  int64_t elements_;
};

}  // namespace cohort::model
