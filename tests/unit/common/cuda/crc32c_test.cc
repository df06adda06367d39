#include "common/cuda/crc32c.h"

#include <chrono>
#include <cstdio>
#include <vector>

#include "common/cuda/memory.h"
#include "common/cuda/stream.h"
#include "common/io/crc32c.h"
#include "common/random/philox.h"
#include "common/testing/status_matchers.h"

namespace cohort::cuda {
namespace {

using ::cohort::testing::IsOkAndHolds;

std::vector<char> RandomBytes(int64_t size) {
  random::Stream stream(3, 0);
  std::vector<char> bytes(size);
  for (char& byte : bytes) byte = static_cast<char>(stream.NextBelow(256));
  return bytes;
}

class GpuChecksumTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(stream_, MakeStream());
  }
  absl::StatusOr<uint32_t> OnGpu(const std::vector<char>& bytes) {
    auto buffer = DeviceBuffer<char>::Allocate(static_cast<int64_t>(bytes.size()), "a test");
    EXPECT_OK(buffer);
    EXPECT_EQ(cudaMemcpy(buffer->data(), bytes.data(), bytes.size(), cudaMemcpyHostToDevice), cudaSuccess);
    return Crc32c(buffer->data(), static_cast<int64_t>(bytes.size()), stream_.get());
  }

  Stream stream_;
};

TEST_F(GpuChecksumTest, IsTheOneOfTheHostForEverySize) {
  // Around the words, the vectors, a block and the whole grid (4 MiB) of the kernel.
  for (const int64_t size : {0, 1, 2, 15, 16, 17, 31, 32, 34, 4095, 4096, 4098, (4 << 20) - 2, 4 << 20, (4 << 20) + 16, (4 << 20) + 30, 33'333'334}) {
    const std::vector<char> bytes = RandomBytes(size);
    EXPECT_THAT(OnGpu(bytes), IsOkAndHolds(io::Crc32c(bytes))) << size;
  }
}

TEST_F(GpuChecksumTest, ChangesWithEveryBitAndWithTheOrder) {
  std::vector<char> bytes = RandomBytes(10'000'000);
  ASSERT_OK_AND_ASSIGN(const uint32_t before, OnGpu(bytes));
  bytes[7'654'321] ^= 0x10;
  EXPECT_THAT(OnGpu(bytes), IsOkAndHolds(::testing::Ne(before)));
  bytes[7'654'321] ^= 0x10;
  std::swap_ranges(bytes.begin(), bytes.begin() + 16, bytes.begin() + (4 << 20));
  EXPECT_THAT(OnGpu(bytes), IsOkAndHolds(::testing::Ne(before)));
}

}  // namespace
}  // namespace cohort::cuda
