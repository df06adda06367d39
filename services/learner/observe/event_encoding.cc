#include "services/learner/observe/event_encoding.h"

#include "absl/types/span.h"
#include "common/io/crc32c.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/wire_format_lite.h"

namespace cohort::learner {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

// Field numbers of tensorboard/compat/proto/{event,summary}.proto.
enum EventField { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7 };
enum SummaryField { kValue = 1 };
enum ValueField { kTag = 1, kSimpleValue = 2, kHistogram = 5 };
enum HistogramField { kMin = 1, kMax = 2, kNum = 3, kSum = 4, kSumSquares = 5, kBucketLimit = 6, kBucket = 7 };
enum SessionLogField { kStatus = 1 };
constexpr int kSessionStart = 1;

// Builds one message of the wire format.
class Encoder {
 public:
  void Double(int field, double value) {
    StringOutputStream stream(&bytes_);
    CodedOutputStream out(&stream);
    WireFormatLite::WriteDouble(field, value, &out);
  }
  void Float(int field, float value) {
    StringOutputStream stream(&bytes_);
    CodedOutputStream out(&stream);
    WireFormatLite::WriteFloat(field, value, &out);
  }
  void Int64(int field, int64_t value) {
    StringOutputStream stream(&bytes_);
    CodedOutputStream out(&stream);
    WireFormatLite::WriteInt64(field, value, &out);
  }
  void Bytes(int field, const std::string& value) {
    StringOutputStream stream(&bytes_);
    CodedOutputStream out(&stream);
    WireFormatLite::WriteBytes(field, value, &out);
  }
  void PackedDoubles(int field, const std::vector<double>& values) {
    std::string packed;
    {
      StringOutputStream stream(&packed);
      CodedOutputStream out(&stream);
      for (const double value : values) WireFormatLite::WriteDoubleNoTag(value, &out);
    }
    Bytes(field, packed);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Samples are taken to lie in the middle of their bin.
std::string EncodeHistogram(const BinnedHistogram& histogram) {
  const double width = (histogram.high - histogram.low) / static_cast<double>(histogram.counts.size());
  std::vector<double> limits;
  std::vector<double> counts;
  double number = 0;
  double sum = 0;
  double squares = 0;
  for (size_t i = 0; i < histogram.counts.size(); ++i) {
    const double count = static_cast<double>(histogram.counts[i]);
    const double middle = histogram.low + width * (static_cast<double>(i) + 0.5);
    limits.push_back(histogram.low + width * static_cast<double>(i + 1));
    counts.push_back(count);
    number += count;
    sum += count * middle;
    squares += count * middle * middle;
  }
  Encoder encoder;
  encoder.Double(kMin, histogram.low);
  encoder.Double(kMax, histogram.high);
  encoder.Double(kNum, number);
  encoder.Double(kSum, sum);
  encoder.Double(kSumSquares, squares);
  encoder.PackedDoubles(kBucketLimit, limits);
  encoder.PackedDoubles(kBucket, counts);
  return encoder.bytes();
}

void AppendLittleEndian(uint64_t value, int bytes, std::string& out) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

uint32_t Checksum(absl::string_view data) { return MaskCrc(io::Crc32c(absl::MakeConstSpan(data.data(), data.size()))); }

}  // namespace

std::string EncodeFileVersion(double wall_time) {
  Encoder event;
  event.Double(kWallTime, wall_time);
  event.Bytes(kFileVersion, "brain.Event:2");
  return event.bytes();
}

std::string EncodeSessionStart(double wall_time, int64_t step) {
  Encoder session;
  session.Int64(kStatus, kSessionStart);
  Encoder event;
  event.Double(kWallTime, wall_time);
  event.Int64(kStep, step);
  event.Bytes(kSessionLog, session.bytes());
  return event.bytes();
}

std::string EncodeSummary(double wall_time, int64_t step, const std::vector<Scalar>& scalars, const std::vector<BinnedHistogram>& histograms) {
  Encoder summary;
  for (const Scalar& scalar : scalars) {
    Encoder value;
    value.Bytes(kTag, scalar.tag);
    value.Float(kSimpleValue, static_cast<float>(scalar.value));
    summary.Bytes(kValue, value.bytes());
  }
  for (const BinnedHistogram& histogram : histograms) {
    Encoder value;
    value.Bytes(kTag, histogram.tag);
    value.Bytes(kHistogram, EncodeHistogram(histogram));
    summary.Bytes(kValue, value.bytes());
  }
  Encoder event;
  event.Double(kWallTime, wall_time);
  event.Int64(kStep, step);
  event.Bytes(kSummary, summary.bytes());
  return event.bytes();
}

uint32_t MaskCrc(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

std::string FrameRecord(absl::string_view data) {
  std::string length;
  AppendLittleEndian(data.size(), 8, length);
  std::string frame = length;
  AppendLittleEndian(Checksum(length), 4, frame);
  frame.append(data.data(), data.size());
  AppendLittleEndian(Checksum(data), 4, frame);
  return frame;
}

}  // namespace cohort::learner
