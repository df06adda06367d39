#include "services/coderunner/problem/problem.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/reward/request/limits.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::coderunner {
namespace {

using cohort::testing::StatusIs;
using ::testing::HasSubstr;

TEST(ProblemTest, ReadsTestsOfAProgram) {
  ASSERT_OK_AND_ASSIGN(const Problem problem, ReadProblem(R"({"tests": [{"stdin": "1 2\n", "stdout": "3\n"}, {"stdin": "", "stdout": "", "tolerance": 0.1}]})"));
  EXPECT_FALSE(problem.is_function());
  EXPECT_EQ(problem.language, std::nullopt);
  EXPECT_EQ(problem.rule, TextRule::kLines);
  ASSERT_EQ(problem.tests.size(), 2u);
  EXPECT_EQ(problem.tests[0].input, "1 2\n");
  EXPECT_EQ(problem.tests[0].expected_text, "3\n");
  EXPECT_EQ(problem.tests[0].tolerance, 0);
  EXPECT_EQ(problem.tests[1].tolerance, 0.1);
  EXPECT_EQ(problem.limits.cpu, absl::Seconds(2));
  EXPECT_EQ(problem.limits.wall, absl::Seconds(6));
}

TEST(ProblemTest, ReadsTestsOfAFunctionAndEverySetting) {
  ASSERT_OK_AND_ASSIGN(const Problem problem, ReadProblem(R"({"language": "cpp17", "function": "Solution.add", "tolerance": 1e-6,
      "limits": {"cpu_ms": 500, "memory_mb": 64, "output_kb": 2}, "tests": [{"arguments": [1, [2.5, "x"]], "expected": {"a": null}}]})"));
  EXPECT_EQ(problem.language, Language::kCpp17);
  EXPECT_EQ(problem.function, "Solution.add");
  EXPECT_EQ(problem.limits.cpu, absl::Milliseconds(500));
  EXPECT_EQ(problem.limits.wall, absl::Milliseconds(1500));
  EXPECT_EQ(problem.limits.memory_bytes, 64 << 20);
  EXPECT_EQ(problem.limits.output_bytes, 2 << 10);
  EXPECT_EQ(problem.tests[0].input, R"([1, [2.5, "x"]])");
  EXPECT_EQ(ToText(problem.tests[0].expected_value), R"({"a": null})");
  EXPECT_EQ(problem.tests[0].tolerance, 1e-6);
}

struct BadDocument {
  const char* text;
  const char* message;
};

TEST(ProblemTest, NamesTheFieldThatIsWrong) {
  const BadDocument documents[] = {
      {"", "not JSON"},
      {"42", "the reference: is an integer, but has to be an object"},
      {"{}", "tests: is missing; it is an array"},
      {R"({"tests": []})", "tests: is empty"},
      {R"({"tests": {}})", "tests: is an object, but has to be an array"},
      {R"({"tests": [1]})", "tests[0]: is an integer, but has to be an object"},
      {R"({"tests": [{"stdin": "", "stdout": ""}, {"stdin": 5, "stdout": ""}]})", "tests[1].stdin: is an integer, but has to be a string"},
      {R"({"tests": [{"stdin": ""}]})", "tests[0].stdout: is missing; it is a string"},
      {R"({"tests": [{"stdin": "", "stdot": ""}]})", "tests[0].stdot: is not known; the fields here are stdin, stdout, tolerance"},
      {R"({"function": "f", "tests": [{"arguments": [1]}]})", "tests[0].expected: is missing"},
      {R"({"function": "f", "tests": [{"arguments": 1, "expected": 1}]})", "tests[0].arguments: is an integer, but has to be an array"},
      {R"({"function": "f", "tests": [{"stdin": "", "stdout": ""}]})", "tests[0].stdin: is not known; the fields here are arguments, expected, tolerance"},
      {R"({"function": "f(x", "tests": []})", "function: is 'f(x'; it is a name, or Class.name"},
      {R"({"function": "", "tests": []})", "function: is empty"},
      {R"({"function": "f", "compare": "lines", "tests": []})", "compare: is for programs"},
      {R"({"compare": "words", "tests": []})", "compare: is 'words'; it is lines or tokens"},
      {R"({"language": "rust", "tests": []})", "language: is 'rust'; languages are python3, cpp17"},
      {R"({"tolerance": 0, "tests": []})", "tolerance: is not above 0 and below 1"},
      {R"({"tolerance": "x", "tests": []})", "tolerance: is a string, but has to be a number"},
      {R"({"limits": {"cpu_ms": 5}, "tests": []})", "limits.cpu_ms: is 5; it is from 10 to 60000"},
      {R"({"limits": {"cpu_s": 5}, "tests": []})", "limits.cpu_s: is not known"},
      {R"({"limits": {"memory_mb": 1.5}, "tests": []})", "limits.memory_mb: is a number, but has to be an integer"},
      {R"({"tests": [], "tests": []})", "the key 'tests' stands twice"},
  };
  for (const BadDocument& document : documents) {
    EXPECT_THAT(ReadProblem(document.text), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(document.message))) << document.text;
  }
}

TEST(ProblemTest, BoundsTheNumberOfTestsAndBytes) {
  const auto with_tests = [](size_t count) {
    std::string tests;
    for (size_t i = 0; i < count; ++i) absl::StrAppend(&tests, i > 0 ? "," : "", R"({"stdin":"","stdout":""})");
    return absl::StrCat(R"({"tests": [)", tests, "]}");
  };
  EXPECT_OK(ReadProblem(with_tests(kMaxTests)));
  EXPECT_THAT(ReadProblem(with_tests(kMaxTests + 1)), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 1000")));
  EXPECT_THAT(ReadProblem(std::string(reward::kMaxProblemBytes + 1, ' ')), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("bytes")));
}

}  // namespace
}  // namespace cohort::coderunner
