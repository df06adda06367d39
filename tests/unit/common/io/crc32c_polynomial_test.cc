#include "common/io/crc32c_polynomial.h"

#include <string>

#include "common/io/crc32c.h"
#include "gtest/gtest.h"

namespace cohort::io {
namespace {

uint32_t CrcOf(const std::string& text) { return Crc32c(absl::MakeConstSpan(text.data(), text.size())); }

TEST(Crc32cPolynomialTest, OneIsNeutralAndPowersAddTheirExponents) {
  EXPECT_EQ(Crc32cMultiply(kCrc32cOne, 0x12345678u), 0x12345678u);
  EXPECT_EQ(Crc32cMultiply(0x12345678u, kCrc32cOne), 0x12345678u);
  EXPECT_EQ(Crc32cPower(0), kCrc32cOne);
  EXPECT_EQ(Crc32cMultiply(Crc32cPower(1000), Crc32cPower(77)), Crc32cPower(1077));
}

TEST(Crc32cPolynomialTest, AZeroByteMultipliesTheStateByXToTheEighth) {
  const std::string text = "weights";
  const uint32_t state = ~CrcOf(text);
  EXPECT_EQ(~CrcOf(text + std::string(1, '\0')), Crc32cMultiply(state, Crc32cPower(8)));
  EXPECT_EQ(~CrcOf(text + std::string(1'000'003, '\0')), Crc32cMultiply(state, Crc32cPower(8 * 1'000'003)));
}

TEST(Crc32cPolynomialTest, TheChecksumOfAWholeIsMadeOfThoseOfItsParts) {
  const std::string head = "the head of it", tail = "and a tail";
  // Both begin with all ones; those of the tail are taken back.
  EXPECT_EQ(CrcOf(head + tail), Crc32cMultiply(CrcOf(head), Crc32cPower(8 * tail.size())) ^ CrcOf(tail));
}

}  // namespace
}  // namespace cohort::io
