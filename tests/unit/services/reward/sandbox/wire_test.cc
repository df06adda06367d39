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
  outcome.message = std::string(kMaxMessageBytes + 1, 'm');
  const std::string bytes = EncodeResult(5, 99, outcome);
  WorkerPacket packet;
  std::memcpy(&packet, bytes.data(), sizeof(packet));
  EXPECT_EQ(packet.kind, PacketKind::kResult);
  EXPECT_EQ(packet.index, 5u);
  EXPECT_EQ(packet.monotonic_ns, 99);
  const CheckOutcome back = DecodeResult(packet, std::string_view(bytes).substr(sizeof(packet)));
  EXPECT_TRUE(back.format_ok);
  EXPECT_EQ(back.format_reason, v1::FORMAT_REASON_OK);
  EXPECT_EQ(back.verdict, v1::VERDICT_INCORRECT);
  EXPECT_EQ(back.method, v1::METHOD_EXACT);
  EXPECT_EQ(back.answer_begin, 3u);
  EXPECT_EQ(back.answer_end, 70'000u);
  EXPECT_EQ(back.micros, 12u);
  EXPECT_EQ(back.message, std::string(kMaxMessageBytes, 'm'));
}

}  // namespace
}  // namespace cohort::reward
