// Right and wrong programs in both languages.
#include "services/coderunner/judge/judge.h"

#include <string>

#include "gmock/gmock.h"
#include "tests/unit/services/coderunner/judge/judge_fixture.h"

namespace cohort::coderunner {
namespace {

namespace v1 = reward::v1;
using ::testing::HasSubstr;

constexpr char kSums[] = R"({"tests": [{"stdin": "1 2\n", "stdout": "3\n"}, {"stdin": "-5 5\n", "stdout": "0\n"}, {"stdin": "7 8\n", "stdout": "15\n"}]})";
constexpr char kEcho[] = R"({"tests": [{"stdin": "é 中 😀\n", "stdout": "é 中 😀\n"}]})";
constexpr char kAdd[] = R"({"function": "add", "tests": [{"arguments": [1, 2], "expected": 3}, {"arguments": [-5, 5], "expected": 0}]})";

class JudgeTest : public JudgeFixture {};

TEST_P(JudgeTest, TakesRightPrograms) {
  const Judgement python = Python(kSums, "a, b = map(int, input().split())\nprint(a + b)");
  EXPECT_EQ(python.verdict, v1::VERDICT_CORRECT) << python.rule;
  EXPECT_EQ(python.method, v1::METHOD_TEXT);
  EXPECT_EQ(python.rule, "all 3 tests passed");
  EXPECT_GT(python.micros, 0u);
  const Judgement cxx = Cxx(kSums, "#include <iostream>\nint main() { long a, b; std::cin >> a >> b; std::cout << a + b << std::endl; }");
  EXPECT_EQ(cxx.verdict, v1::VERDICT_CORRECT) << cxx.rule;
}

TEST_P(JudgeTest, StopsAtTheFirstTestThatFails) {
  const Judgement judgement = Python(kSums, "a, b = map(int, input().split())\nprint(a + abs(b) if a < 0 else a * b + 1)");
  EXPECT_EQ(judgement.verdict, v1::VERDICT_INCORRECT);
  const Judgement second = Python(kSums, "a, b = map(int, input().split())\nprint(abs(a) + abs(b))");
  EXPECT_EQ(second.verdict, v1::VERDICT_INCORRECT);
  EXPECT_EQ(second.rule, "test 2 of 3: line 1 is '10', '0' is expected");
}

TEST_P(JudgeTest, PassesUnicodeOnInBothLanguages) {
  EXPECT_EQ(Python(kEcho, "print(input())").verdict, v1::VERDICT_CORRECT);
  EXPECT_EQ(Python(kEcho, "ä = input()\nprint(ä)").verdict, v1::VERDICT_CORRECT);
  EXPECT_EQ(Cxx(kEcho, "#include <iostream>\n#include <string>\nint main() { std::string s; std::getline(std::cin, s); std::cout << s; }").verdict, v1::VERDICT_CORRECT);
}

TEST_P(JudgeTest, TakesLineEndsOfEveryKindAndEmptyOutput) {
  EXPECT_EQ(Python(R"({"tests": [{"stdin": "a\r\nb\r\n", "stdout": "a\r\nb\r\n"}]})", "import sys\nfor line in sys.stdin: print(line.strip())").verdict, v1::VERDICT_CORRECT);
  EXPECT_EQ(Python(R"({"tests": [{"stdin": "", "stdout": "a\nb\n"}]})", "print('a\\r\\nb\\r\\n\\r\\n')").verdict, v1::VERDICT_CORRECT);
  EXPECT_EQ(Python(R"({"tests": [{"stdin": "", "stdout": ""}]})", "pass").verdict, v1::VERDICT_CORRECT);
  EXPECT_EQ(Python(R"({"tests": [{"stdin": "", "stdout": ""}]})", "print(1)").verdict, v1::VERDICT_INCORRECT);
  EXPECT_EQ(Python("{\"tests\": [{\"stdin\": \"\", \"stdout\": \"1\"}]}", "if 1:\r\n  print(1)\r\n").verdict, v1::VERDICT_CORRECT);
}

TEST_P(JudgeTest, ARightOutputDoesNotExcuseAnErrorAfterIt) {
  const Judgement raised = Python(kSums, "a, b = map(int, input().split())\nprint(a + b)\nraise ValueError('ü')");
  EXPECT_EQ(raised.verdict, v1::VERDICT_INCORRECT);
  EXPECT_EQ(raised.rule, "test 1 of 3: exited with code 1: ValueError: ü");
  const Judgement crashed = Cxx(kSums, "#include <iostream>\n#include <cstdlib>\nint main() { long a, b; std::cin >> a >> b; std::cout << a + b << std::endl; std::abort(); }");
  EXPECT_EQ(crashed.verdict, v1::VERDICT_INCORRECT);
  EXPECT_THAT(crashed.rule, HasSubstr("killed by signal 6"));
  EXPECT_THAT(Cxx(kSums, "int main() { volatile int* p = nullptr; *p = 1; }").rule, HasSubstr("killed by signal 11"));
}

TEST_P(JudgeTest, AProgramThatIsNoneIsUnparseableOrWrong) {
  const Judgement cxx = Cxx(kSums, "int main() { return x; }");
  EXPECT_EQ(cxx.verdict, v1::VERDICT_PRED_UNPARSEABLE);
  EXPECT_THAT(cxx.rule, HasSubstr("it does not compile: "));
  EXPECT_THAT(cxx.rule, HasSubstr("was not declared in this scope"));
  const Judgement python = Python(kSums, "print(");
  EXPECT_EQ(python.verdict, v1::VERDICT_INCORRECT);
  EXPECT_THAT(python.rule, HasSubstr("SyntaxError"));
}

TEST_P(JudgeTest, CallsFunctionsOfBothLanguages) {
  const Judgement python = Python(kAdd, "def add(a, b):\n  print('noise')\n  return a + b\nif __name__ == '__main__':\n  print(add(*map(int, input().split())))");
  EXPECT_EQ(python.verdict, v1::VERDICT_CORRECT) << python.rule;
  EXPECT_EQ(python.method, v1::METHOD_STRUCTURAL);
  const Judgement cxx = Cxx(kAdd, "#define int long long\nint add(int a, int b) { return a + b; }\nsigned main() { return add(1, 1); }");
  EXPECT_EQ(cxx.verdict, v1::VERDICT_CORRECT) << cxx.rule;
  EXPECT_EQ(Python(kAdd, "def add(a, b): return a - b").rule, "test 1 of 2: the result is '-1', '3' is expected");
  EXPECT_THAT(Python(kAdd, "def sub(a, b): return a - b").rule, HasSubstr("no attribute 'add'"));
  EXPECT_EQ(Cxx(kAdd, "int sub(int a, int b) { return a - b; }").verdict, v1::VERDICT_PRED_UNPARSEABLE);
}

TEST_P(JudgeTest, TakesValuesOfEveryKindThroughTheDrivers) {
  const std::string gold = R"({"function": "Solution.twist", "tests": [
      {"arguments": [[["a", "b"], []], {"k\n": 1.5}, true, "é\"\\\t😀", 9223372036854775807], "expected": [[["b", "a"], []], {"k\n": 3.0}, false, "é\"\\\t😀", 9223372036854775807]}]})";
  const Judgement python = Python(gold, "class Solution:\n  def twist(self, rows, weights, flag, text, large):\n"
                                        "    return [r[::-1] for r in rows], {k: v * 2 for k, v in weights.items()}, not flag, text, large");
  EXPECT_EQ(python.verdict, v1::VERDICT_CORRECT) << python.rule;
  const Judgement cxx = Cxx(gold, R"(#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>
using namespace std;
class Solution {
 public:
  tuple<vector<vector<char>>, map<string, double>, bool, string, long long> twist(vector<vector<char>>& rows, map<string, double> weights, bool flag, const string& text, long long large) {
    for (auto& row : rows) reverse(row.begin(), row.end());
    for (auto& entry : weights) entry.second *= 2;
    return {rows, weights, !flag, text, large};
  }
};)");
  EXPECT_EQ(cxx.verdict, v1::VERDICT_CORRECT) << cxx.rule;
}

TEST_P(JudgeTest, AnArgumentThatDoesNotFitTheDeclaredTypeIsAnError) {
  EXPECT_THAT(Cxx(R"({"function": "f", "tests": [{"arguments": [3000000000], "expected": 1}]})", "int f(int x) { return 1; }").rule, HasSubstr("out of the range"));
  EXPECT_THAT(Cxx(R"({"function": "f", "tests": [{"arguments": ["x"], "expected": 1}]})", "int f(int x) { return 1; }").rule, HasSubstr("another type"));
  EXPECT_EQ(Cxx(R"({"function": "f", "tests": [{"arguments": [], "expected": null}]})", "void f() {}").verdict, v1::VERDICT_CORRECT);
  EXPECT_THAT(Python(R"({"function": "f", "tests": [{"arguments": [], "expected": 1}]})", "def f(): return {1}").rule, HasSubstr("not JSON serializable"));
  EXPECT_EQ(Python(R"({"function": "f", "tests": [{"arguments": [], "expected": 1}]})", "def f(): return float('nan')").verdict, v1::VERDICT_INCORRECT);
}

TEST_P(JudgeTest, IntegersOfPythonStayExact) {
  const std::string gold = R"({"function": "power", "tests": [{"arguments": [100], "expected": 1267650600228229401496703205376}]})";
  EXPECT_EQ(Python(gold, "def power(n): return 2 ** n").verdict, v1::VERDICT_CORRECT);
  EXPECT_EQ(Python(gold, "def power(n): return 2 ** n + 1").verdict, v1::VERDICT_INCORRECT);
  EXPECT_EQ(Python(gold, "def power(n): return 2.0 ** n").verdict, v1::VERDICT_CORRECT);
}

TEST_P(JudgeTest, AFailureOfTheSandboxIsTriedAgainAndThenMasked) {
  Toolchain missing = toolchain_;
  missing.python = "/usr/bin/no-such-python";
  Judge judge(*sandbox_, *workspace_, missing, metrics_);
  const Judgement judgement = judge.Decide(0, *ReadProblem(kSums), Language::kPython3, "print(1)", {});
  EXPECT_EQ(judgement.verdict, v1::VERDICT_INTERNAL);
  EXPECT_THAT(registry_.Expose(), HasSubstr("cohort_coderunner_sandbox_failures_total 1"));
}

INSTANTIATE_TEST_SUITE_P(Walls, JudgeTest, ::testing::Values(Walls::kNamespaces, Walls::kProcess), WallsName);

}  // namespace
}  // namespace cohort::coderunner
