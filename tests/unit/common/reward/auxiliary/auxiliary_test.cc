#include "common/reward/auxiliary/auxiliary.h"

#include <random>
#include <string>

#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

AuxiliaryRequest Everything() { return {v1::LANGUAGE_ENGLISH, 3, true, true}; }

TEST(AuxiliaryTest, NothingIsMeasuredUnlessAskedFor) {
  EXPECT_FALSE(AuxiliaryRequest().any());
  const AuxiliaryRewards rewards = MeasureAuxiliary({}, "<think>some words</think>", v1::TEMPLATE_R1_ZERO, false);
  EXPECT_FALSE(rewards.language_consistency || rewards.repetition || rewards.tag_count || rewards.reasoning_steps);
}

TEST(AuxiliaryTest, TheLanguageIsThatOfTheReasoning) {
  const auto language = [](const std::string& text, bool prefilled = false) {
    return *MeasureAuxiliary(Everything(), text, v1::TEMPLATE_R1_ZERO, prefilled).language_consistency;
  };
  EXPECT_EQ(language("<think>some words</think><answer>三个苹果</answer>"), 1);
  EXPECT_EQ(language("some words</think><answer>三个苹果</answer>", true), 1);
  EXPECT_EQ(language("<think>some words 三个"), 0.5) << "without an end everything is reasoning";
}

TEST(AuxiliaryTest, StaysWithinItsBoundsOnAnyBytes) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (uint64_t i = random() % 400; i > 0; --i) {
      static constexpr std::string_view kPieces[] = {"<think>", "</think>", "$", "```", "\\(", "1. ", "\n", "word ", "字", "\xFF", "\xE4\xB8"};
      text += random() % 2 == 0 ? std::string(kPieces[random() % std::size(kPieces)]) : std::string(1, static_cast<char>(random()));
    }
    const AuxiliaryRewards rewards = MeasureAuxiliary(Everything(), text, v1::TEMPLATE_R1_ZERO, false);
    for (const double share : {*rewards.language_consistency, *rewards.tag_count, *rewards.reasoning_steps, -*rewards.repetition}) {
      EXPECT_GE(share, 0);
      EXPECT_LE(share, 1);
    }
  }
}

}  // namespace
}  // namespace cohort::reward
