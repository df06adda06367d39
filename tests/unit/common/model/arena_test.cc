#include "common/model/arena.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>

#include "gmock/gmock.h"

namespace cohort::model {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(ArenaTest, IsAlignedAndZeroAtFirst) {
  const Arena arena(1001);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.floats().data()) % 64, 0);
  EXPECT_EQ(arena.size(), 1001);
  EXPECT_EQ(arena.bytes().size(), 4004);
  EXPECT_THAT(arena.floats(), Each(0.0f));
}

TEST(ArenaTest, ABfloatArenaHasTheSameElementsInHalfTheBytes) {
  const Arena arena(1001, DType::kBfloat16);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.bfloats().data()) % 64, 0);
  EXPECT_EQ(arena.size(), 1001);
  EXPECT_EQ(arena.bytes().size(), 2002);
  EXPECT_THAT(arena.bfloats(), Each(0));
}

TEST(ArenaTest, OfNoElementsHoldsNothing) { EXPECT_TRUE(Arena(0).floats().empty()); }

TEST(ArenaDeathTest, IsNotReadAsAnotherType) {
  EXPECT_DEATH(Arena(1, DType::kBfloat16).floats(), "bfloat16 taken for one of float32");
  EXPECT_DEATH(Arena(1).bfloats(), "float32 taken for one of bfloat16");
}

TEST(ArenaTest, ConversionToBfloatRoundsToNearestEven) {
  Arena wide(6), narrow(6, DType::kBfloat16), again(6);
  const float values[] = {1.0f, 1.00390625f, 1.01171875f, -1.005f, std::numeric_limits<float>::infinity(), 3.4e38f};
  std::copy(std::begin(values), std::end(values), wide.floats().begin());
  Convert(wide, narrow);
  Convert(narrow, again);
  // Halfway between 1 and 1.0078125 the even one is 1, between 1.0078125 and 1.015625 the latter; the largest floats round to infinity.
  EXPECT_THAT(again.floats(), ElementsAre(1.0f, 1.0f, 1.015625f, -1.0078125f, std::numeric_limits<float>::infinity(),
                                          std::numeric_limits<float>::infinity()));
}

TEST(DTypeTest, ANumberThatIsNoneStaysNone) {
  EXPECT_TRUE(std::isnan(BfloatToFloat(FloatToBfloat(std::numeric_limits<float>::quiet_NaN()))));
  uint32_t bits = 0x7F800001u;  // Its payload lies in the lower half alone.
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  EXPECT_TRUE(std::isnan(BfloatToFloat(FloatToBfloat(value))));
}

TEST(DTypeTest, EveryBfloatSurvivesTheWayThroughFloat) {
  for (uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const float value = BfloatToFloat(static_cast<uint16_t>(bits));
    if (std::isnan(value)) continue;
    EXPECT_EQ(FloatToBfloat(value), bits);
  }
}

}  // namespace
}  // namespace cohort::model
