#include "common/data/problems.h"

#include <string>

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::data {
namespace {

using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ProblemsTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::vector<Problem>> Load(const std::string& content) {
    EXPECT_OK(io::WriteFileAtomically(path_, content));
    return LoadProblems(path_);
  }

  // The message names the file, the line and the remedy.
  void ExpectRefused(const std::string& content, const std::string& place, const std::string& what, const std::string& remedy) {
    EXPECT_THAT(Load(content), StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr(path_ + place), HasSubstr(what), HasSubstr(remedy))));
  }

  TempDir directory_;
  const std::string path_ = directory_ / "train.jsonl";
};

TEST_F(ProblemsTest, ReadsPromptsAndAnswersWithTheirLines) {
  ASSERT_OK_AND_ASSIGN(const auto problems, Load("{\"prompt\": \"1 + 1\", \"answer\": \"2\"}\n\n{\"answer\": \"ü\", \"prompt\": \"x\", \"id\": 7}"));
  ASSERT_EQ(problems.size(), 2);
  EXPECT_EQ(problems[0].prompt, "1 + 1");
  EXPECT_EQ(problems[0].answer, "2");
  EXPECT_EQ(problems[0].line, 1);
  EXPECT_EQ(problems[1].answer, "ü");
  EXPECT_EQ(problems[1].line, 3);
}

TEST_F(ProblemsTest, ReadsTheDataSetThatARowComesFrom) {
  ASSERT_OK_AND_ASSIGN(const auto problems, Load("{\"prompt\": \"a\", \"answer\": \"1\", \"source\": \"olympiads\"}\n"
                                                 "{\"prompt\": \"b\", \"answer\": \"2\"}\n"
                                                 "{\"prompt\": \"c\", \"answer\": \"3\", \"source\": null}\n"));
  EXPECT_EQ(problems[0].source, "olympiads");
  EXPECT_EQ(problems[1].source, "");
  EXPECT_EQ(problems[2].source, "");
}

TEST_F(ProblemsTest, ASourceThatIsNoTextIsRefused) {
  ExpectRefused(R"({"prompt": "a", "answer": "1", "source": {"name": "x"}})", ":1: ", "'source' is a JSON object", "as a string, or leave it out");
}

TEST_F(ProblemsTest, ANumberCountsAsItsText) {
  ASSERT_OK_AND_ASSIGN(const auto problems, Load(R"({"prompt": "1 + 1", "answer": 2})"
                                                 "\r\n"
                                                 R"({"prompt": "x", "answer": -0.5})"));
  EXPECT_EQ(problems[0].answer, "2");
  EXPECT_EQ(problems[1].answer, "-0.5");
}

TEST_F(ProblemsTest, ALineThatIsNotJsonIsRefused) {
  ExpectRefused("{\"prompt\": \"a\", \"answer\": \"b\"}\nprompt: a\n", ":2: ", "is not JSON", "each line is an object such as");
}

TEST_F(ProblemsTest, ALineThatIsNoObjectIsRefused) { ExpectRefused("[1, 2]", ":1: ", "array", "each line is an object such as"); }

TEST_F(ProblemsTest, ALineCutShortIsRefused) { ExpectRefused("{\"prompt\": \"a\", \"answ", ":1: ", "is not JSON", "each line is an object"); }

TEST_F(ProblemsTest, ALineWithoutPromptIsRefused) { ExpectRefused(R"({"question": "a", "answer": "b"})", ":1: ", "no key 'prompt'", "\"prompt\": "); }

TEST_F(ProblemsTest, ALineWithoutAnswerIsRefused) { ExpectRefused(R"({"prompt": "a", "solution": "b"})", ":1: ", "no key 'answer'", "\"answer\": "); }

TEST_F(ProblemsTest, AnEmptyAnswerIsRefused) { ExpectRefused(R"({"prompt": "a", "answer": " "})", ":1: ", "'answer' is empty", "fill it in"); }

TEST_F(ProblemsTest, AnAnswerThatIsAListIsRefused) {
  ExpectRefused(R"({"prompt": "a", "answer": [1]})", ":1: ", "'answer' is a JSON array", "write a string or a number");
}

TEST_F(ProblemsTest, TextThatIsNotUtf8IsRefused) { ExpectRefused("{\"prompt\": \"\xff\", \"answer\": \"b\"}", ":1: ", "is not JSON", "object"); }

TEST_F(ProblemsTest, AFileWithoutProblemsIsRefused) { ExpectRefused("\n \n", "", "holds no problem", "each line is an object such as"); }

TEST_F(ProblemsTest, AMissingFileIsNotFound) {
  EXPECT_THAT(LoadProblems(directory_ / "absent.jsonl"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("absent.jsonl")));
}

}  // namespace
}  // namespace cohort::data
