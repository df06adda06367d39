#pragma once

#include <cstdint>

#include "absl/types/span.h"
#include "common/memory/zeroed_pages.h"
#include "common/model/dtype.h"

namespace cohort::model {

// A flat buffer of numbers of one type on the CPU, page-aligned, zeroed at first; bad_alloc when the system has not so much. An ArenaLayout's offsets count
// elements, so that one layout serves arenas of every type: learners compute in fp32, GPU engines take bf16. A version's checksum is that of bytes(). Moves,
// does not copy. Not thread-safe while written; share as std::shared_ptr<const Arena> once whole.
class Arena {
 public:
  explicit Arena(int64_t elements, DType dtype = DType::kFloat32);

  // The elements. The arena must be of that type.
  absl::Span<float> floats() { return absl::MakeSpan(As<float>(DType::kFloat32), elements_); }
  absl::Span<const float> floats() const { return absl::MakeConstSpan(As<float>(DType::kFloat32), elements_); }
  absl::Span<uint16_t> bfloats() { return absl::MakeSpan(As<uint16_t>(DType::kBfloat16), elements_); }
  absl::Span<const uint16_t> bfloats() const { return absl::MakeConstSpan(As<uint16_t>(DType::kBfloat16), elements_); }

  absl::Span<char> bytes() { return absl::MakeSpan(pages_.data(), elements_ * SizeOf(dtype_)); }
  absl::Span<const char> bytes() const { return absl::MakeConstSpan(pages_.data(), elements_ * SizeOf(dtype_)); }
  int64_t size() const { return elements_; }  // Elements.
  DType dtype() const { return dtype_; }

 private:
  void CheckType(DType asked) const;
  template <typename T>
  T* As(DType asked) const {
    CheckType(asked);
    return reinterpret_cast<T*>(pages_.data());
  }

  memory::ZeroedPages pages_;
  int64_t elements_;
  DType dtype_;
};

// Writes the elements of `from` into `to`, of the same size, converted to its type: fp32 to bf16 rounds to nearest even, the rest is exact.
void Convert(const Arena& from, Arena& to);

}  // namespace cohort::model
