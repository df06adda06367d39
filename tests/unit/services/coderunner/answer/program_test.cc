#include "services/coderunner/answer/program.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::coderunner {
namespace {

namespace v1 = reward::v1;
using ::testing::HasSubstr;

ExtractedProgram Extract(std::string_view completion, v1::Template shape, std::optional<Language> wanted = std::nullopt) {
  reward::FormatInput format;
  format.completion = completion;
  format.shape = shape;
  return ExtractProgram(format, wanted);
}

TEST(ProgramTest, StandsInTheTemplatesPlaceForTheAnswer) {
  const std::string in_thought = "<think>```python\nwrong\n```</think>";
  EXPECT_EQ(Extract(in_thought + "<answer>\n```python\nright\n```\n</answer>", v1::TEMPLATE_R1_ZERO).source, "right\n");
  EXPECT_EQ(Extract(in_thought + "So:\n```python\nright\n```\nDone.", v1::TEMPLATE_R1_RELEASED).source, "right\n");
  EXPECT_EQ(Extract("```\na\n```\n```\nb\n```", v1::TEMPLATE_BOXED_ONLY).source, "b\n");
  EXPECT_EQ(Extract("words\n```\nb\n```", v1::TEMPLATE_BARE_ANSWER).source, "b\n");
}

TEST(ProgramTest, PointsAtItself) {
  const std::string completion = "<think>t</think> so\n```python\nprint(1)\n```";
  const ExtractedProgram program = Extract(completion, v1::TEMPLATE_R1_RELEASED);
  EXPECT_EQ(program.span.In(completion), "print(1)\n");
  EXPECT_EQ(program.verdict, v1::VERDICT_UNSPECIFIED);
  EXPECT_EQ(program.reason, v1::FORMAT_REASON_OK);
}

TEST(ProgramTest, NeedsNoFenceWhereTheAnswerIsNothingElse) {
  EXPECT_EQ(Extract("<think>t</think><answer>\nif 1:\n  print(1)\n</answer>", v1::TEMPLATE_R1_ZERO).source, "\nif 1:\n  print(1)\n");
  EXPECT_EQ(Extract("print(1)", v1::TEMPLATE_BARE_ANSWER).source, "print(1)");
  EXPECT_EQ(Extract("<think>t</think>print(1)", v1::TEMPLATE_R1_RELEASED).verdict, v1::VERDICT_NO_ANSWER);
  EXPECT_EQ(Extract("print(1)", v1::TEMPLATE_BOXED_ONLY).verdict, v1::VERDICT_NO_ANSWER);
}

TEST(ProgramTest, IsNotSalvagedFromWhatIsWrong) {
  EXPECT_EQ(Extract("```\nx\n```", v1::TEMPLATE_R1_ZERO).verdict, v1::VERDICT_FORMAT);
  EXPECT_EQ(Extract("<think>t</think>```\nx\n```\n```\ny", v1::TEMPLATE_R1_RELEASED).verdict, v1::VERDICT_NO_ANSWER);
  EXPECT_EQ(Extract("```\n \n```", v1::TEMPLATE_BARE_ANSWER).verdict, v1::VERDICT_NO_ANSWER);
  EXPECT_EQ(Extract(std::string("```\na\0b\n```", 11), v1::TEMPLATE_BARE_ANSWER).verdict, v1::VERDICT_PRED_UNPARSEABLE);
  reward::FormatInput cut;
  cut.completion = "<think>t</think><answer>print(1)</answer>";
  cut.stopped = false;
  EXPECT_EQ(ExtractProgram(cut, std::nullopt).reason, v1::FORMAT_REASON_TRUNCATED);
}

TEST(ProgramTest, HasABound) {
  EXPECT_EQ(Extract(std::string(kMaxSourceBytes, 'x'), v1::TEMPLATE_BARE_ANSWER).source.size(), kMaxSourceBytes);
  const ExtractedProgram longer = Extract(std::string(kMaxSourceBytes + 1, 'x'), v1::TEMPLATE_BARE_ANSWER);
  EXPECT_EQ(longer.verdict, v1::VERDICT_PRED_UNPARSEABLE);
  EXPECT_THAT(longer.why, HasSubstr("65536"));
  const std::string tagged = "<think>t</think><answer>```\n" + std::string(kMaxSourceBytes - 1, 'x') + "\n```</answer>";
  EXPECT_EQ(Extract(tagged, v1::TEMPLATE_R1_ZERO).source.size(), kMaxSourceBytes);
}

TEST(ProgramTest, TheTagOrTheProblemNamesTheLanguage) {
  const auto language = [](const std::string& tag, std::optional<Language> wanted) { return Extract("```" + tag + "\nx\n```", v1::TEMPLATE_BARE_ANSWER, wanted); };
  EXPECT_EQ(language("", std::nullopt).language, Language::kPython3);
  EXPECT_EQ(language("", Language::kCpp17).language, Language::kCpp17);
  for (const char* tag : {"cpp", "C++", "c++17", "cc", "cxx"}) EXPECT_EQ(language(tag, std::nullopt).language, Language::kCpp17) << tag;
  for (const char* tag : {"py", "Python", "python3"}) EXPECT_EQ(language(tag, Language::kPython3).language, Language::kPython3) << tag;
  EXPECT_THAT(language("rust", std::nullopt).why, HasSubstr("tagged 'rust'; languages are python3, cpp17"));
  const ExtractedProgram other = language("cpp", Language::kPython3);
  EXPECT_EQ(other.verdict, v1::VERDICT_PRED_UNPARSEABLE);
  EXPECT_THAT(other.why, HasSubstr("wants python3"));
}

}  // namespace
}  // namespace cohort::coderunner
