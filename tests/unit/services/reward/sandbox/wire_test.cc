#include "services/reward/sandbox/wire.h"

#include <cstring>
#include <string>

#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

TEST(WireTest, AFrameGivesBackItsChecks) {
  CheckInput first;
  first.shape = v1::TEMPLATE_R1_ZERO;
  first.think_prefilled = true;
  first.stopped = false;
  first.gold = "1/2";
  first.completion = std::string_view("bytes \0 and \xFF", 13);
  first.eos_strings = {"<eos>", ""};
  CheckInput second;
  second.kind = CheckKind::kCompileGold;
  second.gold = "x";
  std::string body;
  EncodeCheck(first, body);
  EXPECT_EQ(body.size(), EncodedBytes(first));
  EncodeCheck(second, body);

  const std::vector<CheckInput> checks = DecodeChecks(body, 2);
  ASSERT_EQ(checks.size(), 2u);
  EXPECT_EQ(checks[0].shape, v1::TEMPLATE_R1_ZERO);
  EXPECT_TRUE(checks[0].think_prefilled);
  EXPECT_FALSE(checks[0].stopped);
  EXPECT_EQ(checks[0].gold, "1/2");
  EXPECT_EQ(checks[0].completion, first.completion);
  EXPECT_EQ(checks[0].eos_strings, first.eos_strings);
  EXPECT_EQ(checks[1].kind, CheckKind::kCompileGold);
  EXPECT_EQ(checks[1].gold, "x");
}

TEST(WireTest, AFrameThatIsTooShortGivesNoChecks) {
  CheckInput check;
  check.gold = "1";
  check.completion = "2";
  check.eos_strings = {"eos"};
  std::string body;
  EncodeCheck(check, body);
  for (size_t size = 0; size < body.size(); ++size) EXPECT_TRUE(DecodeChecks(std::string_view(body).substr(0, size), 1).empty()) << size;
  EXPECT_TRUE(DecodeChecks(body, 2).empty());
}

TEST(WireTest, AResultTravelsWholeAndItsMessageIsCutAtTheLimit) {
  CheckOutcome outcome;
  outcome.format_ok = true;
  outcome.format_reason = v1::FORMAT_REASON_OK;
  outcome.verdict = v1::VERDICT_INCORRECT;
  outcome.method = v1::METHOD_EXACT;
  outcome.answer_begin = 3;
  outcome.answer_end = 70'000;
  outcome.micros = 12;
  outcome.message = std::string(kMaxTextBytes + 1, 'm');
  outcome.gold_canonical = "1/2";
  outcome.answer_canonical = std::string(kMaxTextBytes, 'a');
  outcome.rule = "rationals";
  outcome.auxiliary.repetition = -0.25;
  outcome.boxes = 2;
  outcome.think_bytes = 9;
  const std::string bytes = EncodeResult(5, 99, outcome);
  WorkerPacket packet;
  std::memcpy(&packet, bytes.data(), sizeof(packet));
  EXPECT_EQ(packet.kind, PacketKind::kResult);
  EXPECT_EQ(packet.index, 5u);
  EXPECT_EQ(packet.monotonic_ns, 99);
  const std::string completion(70'000, 'x');
  CheckInput check;
  check.completion = completion;
  const CheckOutcome back = DecodeResult(packet, std::string_view(bytes).substr(sizeof(packet)), check);
  EXPECT_TRUE(back.format_ok);
  EXPECT_EQ(back.format_reason, v1::FORMAT_REASON_OK);
  EXPECT_EQ(back.verdict, v1::VERDICT_INCORRECT);
  EXPECT_EQ(back.method, v1::METHOD_EXACT);
  EXPECT_EQ(back.answer_begin, 3u);
  EXPECT_EQ(back.answer_end, 70'000u);
  EXPECT_EQ(back.micros, 12u);
  EXPECT_EQ(back.message, std::string(kMaxTextBytes, 'm'));
  EXPECT_EQ(back.gold_canonical, "1/2");
  EXPECT_EQ(back.answer_canonical, std::string(kMaxTextBytes, 'a'));
  EXPECT_EQ(back.rule, "rationals");
  EXPECT_EQ(back.auxiliary.repetition, -0.25);
  EXPECT_FALSE(back.auxiliary.language_consistency.has_value());
  EXPECT_EQ(back.boxes, 2u);
  EXPECT_EQ(back.think_bytes, 9u);
}

TEST(WireTest, WhatNoWorkerSaysIsAnInternalError) {
  CheckInput check;
  check.completion = "12";
  const auto verdict = [&check](WorkerPacket packet, std::string_view texts = "") { return DecodeResult(packet, texts, check).verdict; };
  WorkerPacket packet;
  packet.verdict = v1::VERDICT_CORRECT;
  packet.answer_end = 2;
  EXPECT_EQ(verdict(packet), v1::VERDICT_CORRECT);
  packet.rule_bytes = 1'000'000;
  EXPECT_EQ(verdict(packet, "short"), v1::VERDICT_CORRECT) << "texts end where the packet ends";
  packet.answer_end = 3;
  EXPECT_EQ(verdict(packet), v1::VERDICT_INTERNAL);
  packet.answer_end = 0;
  packet.answer_begin = 1;
  EXPECT_EQ(verdict(packet), v1::VERDICT_INTERNAL);
  packet.answer_begin = 0;
  packet.verdict = 200;
  EXPECT_EQ(verdict(packet), v1::VERDICT_INTERNAL);
  packet.verdict = v1::VERDICT_CORRECT;
  packet.method = 200;
  EXPECT_EQ(verdict(packet), v1::VERDICT_INTERNAL);
}

TEST(WireTest, EverythingThatDecidesACheckTravels) {
  CheckInput check;
  check.kind = CheckKind::kParse;
  check.shape = v1::TEMPLATE_DAPO_ANSWER;
  check.think_prefilled = true;
  check.stopped = false;
  check.explain = true;
  check.auxiliary = {v1::LANGUAGE_THAI, 20, true, true};
  check.policy.approximation = math::Approximation::kRelative;
  check.policy.relative_tolerance = 1e-9;
  check.policy.units = math::UnitPolicy::kStrip;
  check.policy.order_matters = true;
  check.policy.assignment_lhs_optional = false;
  check.policy.interval_is_inequality = false;
  check.policy.fold_text = false;
  check.policy.literal_only = true;
  check.min_think_characters = 777;
  std::string body;
  EncodeCheck(check, body);
  const std::vector<CheckInput> back = DecodeChecks(body, 1);
  ASSERT_EQ(back.size(), 1u);
  std::string again;
  EncodeCheck(back[0], again);
  EXPECT_EQ(again, body);
  EXPECT_EQ(back[0].policy.relative_tolerance, 1e-9);
  EXPECT_TRUE(back[0].policy.order_matters && back[0].policy.literal_only);
  EXPECT_FALSE(back[0].policy.assignment_lhs_optional || back[0].policy.interval_is_inequality || back[0].policy.fold_text);
  EXPECT_EQ(back[0].min_think_characters, 777u);
  EXPECT_EQ(back[0].auxiliary.repetition_ngram, 20);
}

}  // namespace
}  // namespace cohort::reward
