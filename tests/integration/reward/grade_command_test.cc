// `cohort grade` and `cohort parse` end to end, as people call them.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/integration/reward/reward_process.h"

namespace cohort::reward {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A running `cohort grade`, or another command, with pipes at both ends.
class GradeProcess {
 public:
  explicit GradeProcess(std::vector<std::string> flags = {}, const std::string& faults = "", const std::string& command = "grade") {
    int in[2], out[2];
    EXPECT_EQ(pipe2(in, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
    const std::string program = Binary("cohort");
    std::vector<std::string> words = {program, command};
    words.insert(words.end(), flags.begin(), flags.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      if (!faults.empty()) setenv("COHORT_FAULTS", faults.c_str(), 1);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    in_ = in[1];
    out_ = out[0];
  }
  ~GradeProcess() {
    CloseInput();
    close(out_);
    if (exit_code_ < 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }

  void Write(const std::string& text) { EXPECT_EQ(write(in_, text.data(), text.size()), static_cast<ssize_t>(text.size())); }
  void CloseInput() {
    if (in_ >= 0) close(in_);
    in_ = -1;
  }
  // What is written until a newline, or until the end when `all`. Fails after 60 s.
  std::string Read(bool all) {
    const absl::Time give_up = absl::Now() + absl::Seconds(60);
    while (all || buffer_.find('\n') == std::string::npos) {
      pollfd fd{out_, POLLIN, 0};
      if (poll(&fd, 1, static_cast<int>(absl::ToInt64Milliseconds(give_up - absl::Now()))) <= 0) {
        ADD_FAILURE() << "no output";
        break;
      }
      char bytes[65'536];
      const ssize_t got = read(out_, bytes, sizeof(bytes));
      if (got <= 0) break;
      buffer_.append(bytes, static_cast<size_t>(got));
    }
    const size_t end = all ? buffer_.size() : buffer_.find('\n') + 1;
    std::string text = buffer_.substr(0, end);
    buffer_.erase(0, end);
    return text;
  }
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return exit_code_;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;
  int exit_code_ = -1;
  std::string buffer_;
};

struct Graded {
  std::vector<json> rows;
  std::vector<std::string> lines;
  int exit_code = -1;
};

// Grades a whole input that fits into a pipe or is written by a child process.
Graded Grade(const std::string& input, std::vector<std::string> flags = {}, const std::string& faults = "", const std::string& command = "grade") {
  GradeProcess process(std::move(flags), faults, command);
  const pid_t writer = fork();
  if (writer == 0) {
    process.Write(input);
    _exit(0);
  }
  process.CloseInput();
  Graded graded;
  std::istringstream text(process.Read(/*all=*/true));
  for (std::string line; std::getline(text, line);) {
    graded.lines.push_back(line);
    graded.rows.push_back(json::parse(line));
  }
  graded.exit_code = process.Wait();
  waitpid(writer, nullptr, 0);
  return graded;
}

Graded Parse(const std::string& input, std::vector<std::string> flags = {}) { return Grade(input, std::move(flags), "", "parse"); }

std::string Completion(const std::string& gold, const std::string& completion, const json& more = {}) {
  json row = {{"id", 1}, {"gold", gold}, {"completion", completion}};
  if (!more.is_null()) row.update(more);
  return row.dump() + "\n";
}

TEST(GradeCommandTest, WritesOneRowForEachWithTheDocumentedFieldsInOrder) {
  const Graded graded = Grade("{\"id\": \"a\", \"gold\": \"1/2\", \"answer\": \"50%\"}\n");
  ASSERT_EQ(graded.rows.size(), 1u);
  EXPECT_EQ(graded.exit_code, 0);
  const auto row = nlohmann::ordered_json::parse(graded.lines[0]);
  std::vector<std::string> keys;
  for (const auto& [key, value] : row.items()) keys.push_back(key);
  EXPECT_THAT(keys, ElementsAre("id", "format_ok", "format_reason", "verdict", "answer", "method", "micros"));
  EXPECT_EQ(row["id"], "a");
  EXPECT_EQ(row["format_ok"], true);
  EXPECT_EQ(row["format_reason"], "ok");
  EXPECT_EQ(row["verdict"], "correct");
  EXPECT_EQ(row["answer"], "50%");
  EXPECT_EQ(row["method"], "exact");
  EXPECT_TRUE(row["micros"].is_number_unsigned());
}

TEST(GradeCommandTest, KnowsTheTemplatesAndTheirDefaults) {
  const std::string thought = "<think>x</think><answer>4</answer>";
  const Graded graded =
      Grade(Completion("4", thought) + Completion("4", thought, {{"template", "r1_zero"}, {"finish_reason", "length"}}) +
            Completion("4", "x</think><answer>5</answer>", {{"think_prefilled", true}}) +
            Completion("4", "<think>x</think>so \\boxed{4}", {{"template", "r1_released"}}) + Completion("4", "so \\boxed{4}", {{"template", "boxed"}}) +
            Completion("4", "so 4", {{"template", "boxed"}}) + Completion("\\frac{4}{", thought) + Completion("4", "<think>x</think><answer>(4</answer>") +
            Completion("4", "so\n#### 4", {{"template", "gsm8k"}}) + Completion("4", "so\n**Answer:** 4", {{"template", "dapo"}}) +
            Completion("4", "so 4", {{"template", "dapo"}}) + Completion("4", thought + "<eos>", {{"eos_strings", {"</s>", "<eos>"}}}) +
            Completion("4", thought, {{"template", nullptr}, {"finish_reason", nullptr}, {"think_prefilled", nullptr}}));
  std::vector<std::string> verdicts, answers;
  for (const json& row : graded.rows) {
    verdicts.push_back(row["verdict"]);
    answers.push_back(row["answer"].dump());
  }
  EXPECT_THAT(verdicts, ElementsAre("correct", "format", "incorrect", "correct", "correct", "no_answer", "gold_unparseable", "pred_unparseable", "correct", "correct",
                                    "no_answer", "correct", "correct"));
  EXPECT_THAT(answers, ElementsAre("\"4\"", "null", "\"5\"", "\"4\"", "\"4\"", "null", "\"4\"", "\"(4\"", "\"4\"", "\"4\"", "null", "\"4\"",
                                   "\"4\""));
  EXPECT_EQ(graded.rows[1]["format_reason"], "truncated");
  EXPECT_EQ(graded.exit_code, 0);
}

TEST(GradeCommandTest, ExplainsWhatItUnderstoodAndUnderWhichPolicy) {
  const Graded graded = Grade("{\"id\": 1, \"gold\": \"1/2\", \"answer\": \"0.50\"}\n{\"id\": 2, \"gold\": \"1/2\", \"answer\": \"((\"}\n", {"--explain"});
  ASSERT_EQ(graded.rows.size(), 2u);
  EXPECT_EQ(graded.rows[0]["policy"], "bare:exact");
  EXPECT_EQ(graded.rows[0]["gold_canonical"], graded.rows[0]["answer_canonical"]);
  EXPECT_THAT(std::string(graded.rows[0]["rule"]), HasSubstr("equal by"));
  EXPECT_EQ(graded.rows[1]["answer_canonical"], nullptr);
  EXPECT_NE(graded.rows[1]["gold_canonical"], nullptr);
}

TEST(GradeCommandTest, ThePolicyDecidesWhatIsEqual) {
  const std::string input = "{\"id\": 1, \"gold\": \"3.14\", \"answer\": \"3.1416\"}\n";
  EXPECT_EQ(Grade(input).rows.at(0)["verdict"], "incorrect");
  EXPECT_EQ(Grade(input, {"--policy", "round_to_shown"}).rows.at(0)["verdict"], "correct");
  EXPECT_EQ(Grade(input, {"--policy", "rel_tol=1e-2"}).rows.at(0)["verdict"], "correct");
  for (const char* wrong : {"nonsense", "r1_zero:exact", "rel_tol=2"}) {
    const Graded refused = Grade(input, {"--policy", wrong});
    EXPECT_TRUE(refused.rows.empty()) << wrong;
    EXPECT_NE(refused.exit_code, 0) << wrong;
  }
}

TEST(ParseCommandTest, WritesTheCanonicalFormOfEveryRow) {
  const Graded parsed = Parse("{\"id\": \"a\", \"latex\": \"\\\\frac{2}{4}\"}\n{\"id\": 2, \"latex\": 0.50}\n\n{\"id\": 3, \"latex\": \"((\"}\n");
  EXPECT_EQ(parsed.exit_code, 0) << "a text that cannot be parsed is a result";
  ASSERT_EQ(parsed.rows.size(), 3u);
  std::vector<std::string> keys;
  const auto first = nlohmann::ordered_json::parse(parsed.lines[0]);
  for (const auto& [key, value] : first.items()) keys.push_back(key);
  EXPECT_THAT(keys, ElementsAre("id", "ok", "canonical", "error"));
  EXPECT_EQ(first["id"], "a");
  EXPECT_EQ(first["ok"], true);
  EXPECT_EQ(first["error"], nullptr);
  EXPECT_EQ(parsed.rows[1]["canonical"], parsed.rows[0]["canonical"]);
  EXPECT_EQ(parsed.rows[2]["ok"], false);
  EXPECT_EQ(parsed.rows[2]["canonical"], nullptr);
  EXPECT_TRUE(parsed.rows[2]["error"].is_string());
}

TEST(ParseCommandTest, AMalformedRowGetsAnErrorInItsPlaceAndTheExitCodeSaysSo) {
  const std::string good = "{\"id\": 7, \"latex\": \"1\"}\n";
  const std::vector<std::string> bad = {"not json", "{\"id\": 1}", "{\"id\": 2, \"latex\": [1]}", "{\"id\": 3, \"latex\": \"\xFF\"}",
                                        "{\"id\": 4, \"latex\": \"\\ud800\"}", std::string(100'000, '['), std::string("\0{}", 3)};
  std::string input;
  for (const std::string& line : bad) input += good + line + "\n";
  const Graded parsed = Parse(input);
  EXPECT_EQ(parsed.exit_code, 1);
  ASSERT_EQ(parsed.rows.size(), 2 * bad.size());
  for (size_t i = 0; i < bad.size(); ++i) {
    EXPECT_EQ(parsed.rows[2 * i]["ok"], true);
    EXPECT_EQ(parsed.rows[2 * i + 1]["ok"], false);
    EXPECT_THAT(std::string(parsed.rows[2 * i + 1]["error"]), HasSubstr(absl::StrCat("line ", 2 * i + 2, ": "))) << bad[i].substr(0, 80);
  }
}

TEST(ParseCommandTest, SurvivesAnyBytes) {
  std::mt19937_64 random(11);
  std::string noise;
  for (int i = 0; i < 300'000; ++i) noise += static_cast<char>(random());
  const int64_t lines = std::count(noise.begin(), noise.end(), '\n');
  const Graded parsed = Parse(noise + "\n{\"id\": 1, \"latex\": \"1\"}\n" + std::string((16 << 20) + 1, 'x') + "\n{\"id\": 2, \"latex\": \"2\"}\n");
  EXPECT_EQ(parsed.exit_code, 1);
  EXPECT_LE(parsed.rows.size(), static_cast<size_t>(lines + 4));
  ASSERT_GE(parsed.rows.size(), 3u);
  EXPECT_EQ(parsed.rows.back()["ok"], true);
  EXPECT_THAT(std::string(parsed.rows[parsed.rows.size() - 2]["error"]), HasSubstr("longer than"));
  EXPECT_EQ(parsed.rows[parsed.rows.size() - 3]["ok"], true);
}

TEST(GradeCommandTest, SurvivesAnyBytes) {
  std::mt19937_64 random(12);
  std::string noise;
  for (int i = 0; i < 300'000; ++i) noise += static_cast<char>(random());
  const std::string good = "{\"id\": 1, \"gold\": \"1\", \"answer\": \"1\"}\n";
  const std::string opened(1 << 20, '(');
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  const Graded graded = Grade(noise + "\n" + good + std::string(1 << 20, '\0') + "\n" + good + deep + "\n" + good + "{\"gold\": \"1\", \"answer\": \"" + opened + "\"}\n" + good +
                              "{\"gold\": \"" + opened + "\", \"answer\": \"1\"}\n" + good + std::string((16 << 20) + 1, 'x') + "\n" + good);
  EXPECT_EQ(graded.exit_code, 1);
  ASSERT_GE(graded.rows.size(), 11u);
  const std::vector<json> last(graded.rows.end() - 11, graded.rows.end());
  for (size_t i = 0; i < last.size(); i += 2) EXPECT_EQ(last[i]["verdict"], "correct") << i;
  for (const size_t bad : {1, 3, 7, 9}) EXPECT_TRUE(last[bad].contains("error")) << bad;
  EXPECT_EQ(last[5]["verdict"], "pred_unparseable");
}

TEST(GradeCommandTest, ReturnsEveryIdAsItCame) {
  const std::vector<std::string> ids = {"1.50", "12345678901234567890123", "null", "true", "[1, {\"a\": [\"}\"]}]", "{\"x\":  \"\\u00e9\"}", "\"quo\\\"te\"", "-0.0"};
  std::string input;
  for (const std::string& id : ids) input += "{\"gold\": \"1\", \"id\": " + id + ", \"answer\": \"1\"}\n";
  const Graded graded = Grade(input);
  ASSERT_EQ(graded.lines.size(), ids.size());
  for (size_t i = 0; i < ids.size(); ++i) EXPECT_THAT(graded.lines[i], HasSubstr("{\"id\": " + ids[i] + ", "));
}

TEST(GradeCommandTest, AMalformedRowGetsAnErrorInItsPlaceAndTheExitCodeSaysSo) {
  const std::string good = "{\"id\": 7, \"gold\": \"1\", \"answer\": \"1\"}\n";
  const std::vector<std::string> bad = {"not json",
                                        "[1, 2]",
                                        "{\"id\": 1}",
                                        "{\"id\": 2, \"gold\": \"1\"}",
                                        "{\"id\": 3, \"gold\": \"1\", \"answer\": \"1\", \"completion\": \"1\"}",
                                        "{\"id\": 4, \"gold\": [1], \"answer\": \"1\"}",
                                        "{\"id\": 5, \"gold\": \"1\", \"completion\": \"1\", \"template\": \"other\"}",
                                        "{\"id\": 6, \"gold\": \"1\", \"completion\": \"1\", \"think_prefilled\": 1}",
                                        "{\"id\": 7, \"gold\": \"\xFF\", \"answer\": \"1\"}",
                                        "{\"id\": 8, \"gold\": \"1\", \"answer\": \"1\"} {",
                                        "{\"id\": 9, \"gold\": \"\\ud800\", \"answer\": \"1\"}",
                                        std::string(100'000, '['),
                                        std::string("\0{}", 3)};
  std::string input;
  for (const std::string& line : bad) input += good + line + "\n" + "\n";
  const Graded graded = Grade(input + good);
  EXPECT_EQ(graded.exit_code, 1);
  ASSERT_EQ(graded.rows.size(), 2 * bad.size() + 1);
  for (size_t i = 0; i < bad.size(); ++i) {
    EXPECT_EQ(graded.rows[2 * i]["verdict"], "correct");
    EXPECT_THAT(graded.rows[2 * i + 1].value("error", ""), HasSubstr(absl::StrCat("line ", 3 * i + 2, ": "))) << bad[i].substr(0, 80);
  }
  EXPECT_EQ(graded.rows[5]["id"], 1);
  EXPECT_EQ(graded.rows[1]["id"], nullptr);
}

TEST(GradeCommandTest, KeepsTheOrderOfManyRows) {
  std::string input;
  for (int i = 0; i < 20'000; ++i) {
    input += i % 97 == 0 ? "broken\n" : absl::StrCat("{\"id\": ", i, ", \"gold\": \"", i % 50, "\", \"answer\": \"", i % 75, "\"}\n");
  }
  const Graded graded = Grade(input);
  ASSERT_EQ(graded.rows.size(), 20'000u);
  for (int i = 0; i < 20'000; ++i) {
    if (i % 97 == 0) {
      ASSERT_TRUE(graded.rows[i].contains("error"));
      continue;
    }
    ASSERT_EQ(graded.rows[i]["id"], i);
    ASSERT_EQ(graded.rows[i]["verdict"] == "correct", i % 50 == i % 75) << i;
  }
}

TEST(GradeCommandTest, AnswersARowBeforeTheNextOneIsWritten) {
  GradeProcess process;
  for (int i = 0; i < 3; ++i) {
    process.Write(absl::StrCat("{\"id\": ", i, ", \"gold\": \"1\", \"answer\": \"1\"}\n"));
    EXPECT_EQ(json::parse(process.Read(/*all=*/false))["id"], i);
  }
  process.CloseInput();
  EXPECT_EQ(process.Wait(), 0);
}

TEST(GradeCommandTest, AHangingCheckCostsOnlyItself) {
  const std::string input = "{\"id\": 1, \"gold\": \"1\", \"answer\": \"1\"}\n{\"id\": 2, \"gold\": \"1\", \"answer\": \"MAGIC\"}\n"
                            "{\"id\": 3, \"gold\": \"1\", \"answer\": \"2\"}\n";
  const Graded graded = Grade(input, {"--check-deadline-ms", "50"}, "reward:spin_on=MAGIC");
  ASSERT_EQ(graded.rows.size(), 3u);
  EXPECT_EQ(graded.rows[0]["verdict"], "correct");
  EXPECT_EQ(graded.rows[1]["verdict"], "timeout");
  EXPECT_EQ(graded.rows[2]["verdict"], "incorrect");
  EXPECT_EQ(graded.exit_code, 0);
}

TEST(GradeCommandTest, UsesAGivenServiceAndSurvivesTheDeathOfAPrivateOne) {
  RewardProcess service;
  const Graded graded = Grade("{\"id\": 1, \"gold\": \"1\", \"answer\": \"1\"}\n", {"--endpoint", service.address()});
  ASSERT_EQ(graded.rows.size(), 1u);
  EXPECT_EQ(service.Metric("cohort_reward_checks_total{verdict=\"correct\"}"), 1);

  GradeProcess process;
  process.Write("{\"id\": 1, \"gold\": \"1\", \"answer\": \"1\"}\n");
  EXPECT_EQ(json::parse(process.Read(/*all=*/false))["verdict"], "correct");
  for (const pid_t child : ChildrenOf(process.pid())) kill(child, SIGKILL);
  process.Write("{\"id\": 2, \"gold\": \"1\", \"answer\": \"2\"}\n");
  EXPECT_EQ(json::parse(process.Read(/*all=*/false))["verdict"], "incorrect");
  process.CloseInput();
  EXPECT_EQ(process.Wait(), 0);
}

TEST(GradeCommandTest, AnEmptyInputIsFineAndAWrongFlagIsAUsageError) {
  const Graded graded = Grade("\n \n");
  EXPECT_TRUE(graded.rows.empty());
  EXPECT_EQ(graded.exit_code, 0);
  EXPECT_EQ(Grade("", {"--no-such-flag"}).exit_code, 2);
}

}  // namespace
}  // namespace cohort::reward
