#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace cohort::learner {

// The few messages of TensorBoard's event files that the learner writes, in protobuf wire format, and the TFRecord frame around them.

// One curve's point.
struct Scalar {
  std::string tag;
  double value = 0;
};

// Counts in equal bins over [low, high].
struct BinnedHistogram {
  std::string tag;
  double low = 0;
  double high = 0;
  std::vector<int64_t> counts;
};

// Event{wall_time, file_version: "brain.Event:2"}: the first of every file.
std::string EncodeFileVersion(double wall_time);
// Event{wall_time, step, session_log: START}: readers drop what earlier files say about this step and later ones.
std::string EncodeSessionStart(double wall_time, int64_t step);
// Event{wall_time, step, summary}.
std::string EncodeSummary(double wall_time, int64_t step, const std::vector<Scalar>& scalars, const std::vector<BinnedHistogram>& histograms);

// TFRecord: length (u64), masked CRC-32C of the length, data, masked CRC-32C of the data; little-endian.
std::string FrameRecord(absl::string_view data);

// TFRecord's mask: a checksum over data that holds checksums would be weak.
uint32_t MaskCrc(uint32_t crc);

}  // namespace cohort::learner
