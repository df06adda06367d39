#include "services/learner/observe/event_writer.h"

#include <cstring>
#include <filesystem>
#include <map>

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// An independent reader: bitwise CRC-32C, own framing, own wire format.
uint32_t SlowCrc32c(const std::string& data) {
  uint32_t crc = 0xffffffffu;
  for (const char c : data) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0);
  }
  return ~crc;
}

uint32_t SlowMasked(const std::string& data) {
  const uint32_t crc = SlowCrc32c(data);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

template <typename T>
T Fixed(const std::string& bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

std::vector<std::string> ReadRecords(const std::string& file) {
  std::vector<std::string> records;
  size_t at = 0;
  while (at < file.size()) {
    const uint64_t length = Fixed<uint64_t>(file, at);
    EXPECT_EQ(Fixed<uint32_t>(file, at + 8), SlowMasked(file.substr(at, 8)));
    records.push_back(file.substr(at + 12, length));
    EXPECT_EQ(Fixed<uint32_t>(file, at + 12 + length), SlowMasked(records.back()));
    at += 16 + length;
  }
  EXPECT_EQ(at, file.size());
  return records;
}

uint64_t Varint(const std::string& bytes, size_t& at) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const unsigned char byte = bytes[at++];
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
}

// Field number -> raw values (varints and fixed ones as their 8 or 4 bytes).
std::multimap<int, std::string> Fields(const std::string& bytes) {
  std::multimap<int, std::string> fields;
  size_t at = 0;
  while (at < bytes.size()) {
    const uint64_t key = Varint(bytes, at);
    size_t size = 0;
    switch (key & 7) {
      case 0: {
        const uint64_t value = Varint(bytes, at);
        fields.emplace(key >> 3, std::string(reinterpret_cast<const char*>(&value), 8));
        continue;
      }
      case 1: size = 8; break;
      case 2: size = Varint(bytes, at); break;
      case 5: size = 4; break;
      default: ADD_FAILURE() << "wire type " << (key & 7); return fields;
    }
    fields.emplace(key >> 3, bytes.substr(at, size));
    at += size;
  }
  return fields;
}

std::string Get(const std::multimap<int, std::string>& fields, int number) {
  EXPECT_EQ(fields.count(number), 1u) << "field " << number;
  const auto found = fields.find(number);
  return found == fields.end() ? std::string(8, '\0') : found->second;
}

std::string TheOnlyFile(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files.push_back(entry.path().string());
  EXPECT_EQ(files.size(), 1u);
  EXPECT_NE(files.front().find("events.out.tfevents."), std::string::npos);
  return *io::ReadFile(files.front());
}

TEST(EventWriterTest, AnIndependentReaderFindsWhatWasWritten) {
  testing::TempDir directory;
  ASSERT_OK_AND_ASSIGN(const auto writer, EventWriter::Create(directory.path(), /*next_step=*/25));
  ASSERT_OK(writer->Write(25, {{"reward", 1.5}, {"kl", -0.25}}, {}));
  ASSERT_OK(writer->Write(26, {{"reward", 2}}, {}));

  const std::vector<std::string> events = ReadRecords(TheOnlyFile(directory.path()));
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(Get(Fields(events[0]), 3), "brain.Event:2");
  EXPECT_EQ(Fixed<int64_t>(Get(Fields(events[1]), 2), 0), 25);
  EXPECT_EQ(Fixed<int64_t>(Get(Fields(Get(Fields(events[1]), 7)), 1), 0), 1);  // SessionLog.START

  EXPECT_EQ(Fixed<int64_t>(Get(Fields(events[2]), 2), 0), 25);
  EXPECT_GT(Fixed<double>(Get(Fields(events[2]), 1), 0), 1.6e9);
  std::map<std::string, float> scalars;
  const auto summary = Fields(Get(Fields(events[2]), 5));
  for (const auto& [number, value] : summary) {
    EXPECT_EQ(number, 1);
    scalars[Get(Fields(value), 1)] = Fixed<float>(Get(Fields(value), 2), 0);
  }
  EXPECT_THAT(scalars, UnorderedElementsAre(Pair("reward", 1.5f), Pair("kl", -0.25f)));
}

TEST(EventWriterTest, AHistogramHasItsBinsAndMoments) {
  const std::string event = EncodeSummary(1, 2, {}, {{"length", 0, 40, {3, 0, 1, 0}}});
  const auto value = Fields(Get(Fields(Get(Fields(event), 5)), 1));
  EXPECT_EQ(Get(value, 1), "length");
  const auto histogram = Fields(Get(value, 5));
  EXPECT_EQ(Fixed<double>(Get(histogram, 3), 0), 4);               // num
  EXPECT_EQ(Fixed<double>(Get(histogram, 4), 0), 3 * 5 + 25);      // sum
  EXPECT_EQ(Fixed<double>(Get(histogram, 5), 0), 3 * 25 + 625);    // sum_squares
  const std::string limits = Get(histogram, 6);
  const std::string counts = Get(histogram, 7);
  ASSERT_EQ(limits.size(), 32u);
  ASSERT_EQ(counts.size(), 32u);
  EXPECT_THAT((std::vector<double>{Fixed<double>(limits, 0), Fixed<double>(limits, 8), Fixed<double>(limits, 16), Fixed<double>(limits, 24)}),
              ElementsAre(10, 20, 30, 40));
  EXPECT_EQ(Fixed<double>(counts, 0), 3);
  EXPECT_EQ(Fixed<double>(counts, 16), 1);
}

TEST(EventWriterTest, TheMaskIsThatOfTfRecord) {
  // CRC-32C of "123456789" is 0xe3069283.
  EXPECT_EQ(SlowCrc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(MaskCrc(0xe3069283u), SlowMasked("123456789"));
}

}  // namespace
}  // namespace cohort::learner
