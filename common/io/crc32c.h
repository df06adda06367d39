#pragma once

#include <cstdint>

#include "absl/types/span.h"

namespace cohort::io {

// CRC-32C (Castagnoli, RFC 3720 appendix B.4), with the processor's instruction where it has one. `crc` continues an earlier call's result.
uint32_t Crc32c(absl::Span<const char> data, uint32_t crc = 0);

}  // namespace cohort::io
