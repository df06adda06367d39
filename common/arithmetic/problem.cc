#include "common/arithmetic/problem.h"

#include "absl/strings/str_cat.h"
#include "common/random/philox.h"

namespace cohort::arithmetic {
namespace {

constexpr std::array<uint32_t, 2> kSplitKey = {0x61726974, 0x73706c74};
constexpr uint32_t kHeldOutInverse = 10;

int DigitAt(int value, int place) {
  for (; place > 0; --place) value /= 10;
  return value % 10;
}

}  // namespace

std::string Problem::Text() const { return absl::StrCat(left, operation == Operation::kAddition ? " + " : " - ", right); }

int Problem::LeftDigit(int place) const { return DigitAt(left, place); }
int Problem::RightDigit(int place) const { return DigitAt(right, place); }

Split SplitOf(const Problem& problem) {
  const auto bits = random::Philox4x32(
      {static_cast<uint32_t>(problem.left), static_cast<uint32_t>(problem.right), static_cast<uint32_t>(problem.operation), 0}, kSplitKey);
  return bits[0] % kHeldOutInverse == 0 ? Split::kHeldOut : Split::kTraining;
}

}  // namespace cohort::arithmetic
