#include "services/reward/sandbox/keyed_hash.h"

#include <set>
#include <string>

#include "common/sync/lru_cache.h"
#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

constexpr hash::HashSecret kReferenceSecret = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};

CheckKey HashOf(const std::string& text, hash::HashSecret secret = kReferenceSecret) {
  hash::KeyedHasher hasher(secret);
  hasher.Update(text);
  return hasher.Finish();
}

TEST(KeyedHasherTest, GivesThePublishedValueOfSipHash128ForTheEmptyText) {
  EXPECT_EQ(HashOf(""), (CheckKey{0xe6a825ba047f81a3u, 0x930255c71472f66du}));
}

TEST(KeyedHasherTest, DependsOnTheBytesNotOnTheCuts) {
  const std::string text = "a text of more than two words of eight bytes";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    hash::KeyedHasher hasher(kReferenceSecret);
    hasher.Update(text.substr(0, cut));
    hasher.Update(text.substr(cut));
    EXPECT_EQ(hasher.Finish(), HashOf(text)) << cut;
  }
}

TEST(KeyedHasherTest, DependsOnTheSecret) { EXPECT_FALSE(HashOf("a") == HashOf("a", {1, 2})); }

TEST(CheckKeyTest, EveryFieldOfACheckMakesADifference) {
  CheckInput base;
  base.gold = "12";
  base.completion = "34";
  std::vector<CheckInput> checks(8, base);
  checks[1].gold = "123";
  checks[1].completion = "4";  // The same bytes, cut elsewhere.
  checks[2].kind = CheckKind::kCompileGold;
  checks[3].shape = v1::TEMPLATE_R1_ZERO;
  checks[4].think_prefilled = true;
  checks[5].stopped = false;
  checks[6].eos_strings = {"x"};
  checks[7].eos_strings = {"", "x"};
  std::set<std::pair<uint64_t, uint64_t>> keys;
  for (const CheckInput& check : checks) {
    const CheckKey key = KeyOf(check, kReferenceSecret);
    keys.emplace(key.low, key.high);
  }
  EXPECT_EQ(keys.size(), checks.size());
  EXPECT_EQ(KeyOf(base, kReferenceSecret), KeyOf(base, kReferenceSecret));
}

TEST(LruCacheTest, DropsTheEntryThatWasUsedLongestAgo) {
  sync::LruCache<int, int> cache(2);
  cache.Insert(1, 10);
  cache.Insert(2, 20);
  EXPECT_EQ(cache.Find(1), 10);
  cache.Insert(3, 30);
  EXPECT_EQ(cache.Find(2), std::nullopt);
  EXPECT_EQ(cache.Find(1), 10);
  EXPECT_EQ(cache.Find(3), 30);
  cache.Insert(1, 11);
  EXPECT_EQ(cache.Find(1), 11);
  EXPECT_EQ(cache.size(), 2u);
}

TEST(LruCacheTest, WithoutRoomItRemembersNothing) {
  sync::LruCache<int, int> cache(0);
  cache.Insert(1, 10);
  EXPECT_EQ(cache.Find(1), std::nullopt);
}

}  // namespace
}  // namespace cohort::reward
