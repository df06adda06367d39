#include "common/data/problems.h"

#include <string>

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/common/data/fixtures.h"

namespace cohort::data {
namespace {

using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ProblemsTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::vector<Problem>> Load(const std::string& content, const ProblemColumns& columns = {}) {
    EXPECT_OK(io::WriteFileAtomically(path_, content));
    return LoadProblems(path_, columns);
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
  EXPECT_EQ(problems[0].place, path_ + ":1");
  EXPECT_EQ(problems[1].answer, "ü");
  EXPECT_EQ(problems[1].place, path_ + ":3");
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
  ExpectRefused(R"({"prompt": "a", "answer": "1", "source": {"name": "x"}})", ":1: ", "'source' is a JSON object", "write a string or a number");
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

TEST_F(ProblemsTest, ALineWithoutPromptIsRefused) { ExpectRefused(R"({"question": "a", "answer": "b"})", ":1: ", "has no column 'prompt'; its columns are answer, question", "data.prompt_column"); }

TEST_F(ProblemsTest, ALineWithoutAnswerIsRefused) { ExpectRefused(R"({"prompt": "a", "solution": "b"})", ":1: ", "has no column 'answer'; its columns are prompt, solution", "data.answer_column"); }

TEST_F(ProblemsTest, AnEmptyAnswerIsRefused) { ExpectRefused(R"({"prompt": "a", "answer": " "})", ":1: ", "'answer' is empty", "fill it in"); }

TEST_F(ProblemsTest, AnAnswerThatIsAListIsRefused) {
  ExpectRefused(R"({"prompt": "a", "answer": [1]})", ":1: ", "'answer' is a JSON array", "write a string or a number");
}

TEST_F(ProblemsTest, TextThatIsNotUtf8IsRefused) { ExpectRefused("{\"prompt\": \"\xff\", \"answer\": \"b\"}", ":1: ", "is not JSON", "object"); }

TEST_F(ProblemsTest, AFileWithoutProblemsIsRefused) { ExpectRefused("\n \n", "", "holds no rows", "each line is an object such as"); }

TEST_F(ProblemsTest, ColumnsAreThoseThatAreNamed) {
  ProblemColumns columns;
  columns.prompt = "question";
  columns.answer = "solution";
  columns.source = "extra.origin";
  ASSERT_OK_AND_ASSIGN(const auto problems, LoadProblems(FixturePath("problems.parquet"), columns));
  ASSERT_EQ(problems.size(), 300);
  EXPECT_EQ(problems[299].prompt, "299 + 299 = ? ü xxxxx");
  EXPECT_EQ(problems[299].answer, "598");
  EXPECT_EQ(problems[299].source, "odd");
  EXPECT_EQ(problems[299].place, FixturePath("problems.parquet") + ": row 300");
}

TEST_F(ProblemsTest, AWrongColumnOfAParquetFileIsRefusedWithAllThatItHas) {
  ProblemColumns columns;
  columns.prompt = "question";
  EXPECT_THAT(LoadProblems(FixturePath("problems.parquet"), columns),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("problems.parquet: row 1: has no column 'answer'"),
                                                                 HasSubstr("question, solution, extra, unread"), HasSubstr("data.answer_column"))));
}

TEST_F(ProblemsTest, ConversationsAreReadTurnByTurn) {
  ProblemColumns columns;
  columns.messages = "prompt";
  columns.answer = "reward_model.ground_truth";
  ASSERT_OK_AND_ASSIGN(const auto problems, LoadProblems(FixturePath("conversations.parquet"), columns));
  ASSERT_EQ(problems.size(), 2);
  ASSERT_EQ(problems[1].messages.size(), 2);
  EXPECT_EQ(problems[1].messages[0].role, "system");
  EXPECT_EQ(problems[1].messages[0].content, "Be brief.");
  EXPECT_EQ(problems[1].prompt, "2 + 2");
  EXPECT_EQ(problems[1].answer, "4");
}

TEST_F(ProblemsTest, WhatIsNoConversationIsRefused) {
  const auto expect = [&](const std::string& messages, const std::string& what, const std::string& remedy) {
    ProblemColumns columns;
    columns.messages = "turns";
    EXPECT_THAT(Load("{\"answer\": \"2\", \"turns\": " + messages + "}", columns),
                StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr(path_ + ":1: "), HasSubstr(what), HasSubstr(remedy))));
  };
  expect("\"hi\"", "'turns' is a JSON string, not a conversation", "write [{\"role\"");
  expect("[]", "an empty list", "write [{\"role\"");
  expect("[\"hi\"]", "turn 1 of 'turns' lacks", "write [{\"role\"");
  expect("[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"user\", \"content\": null}]", "turn 2 of 'turns' lacks", "write [{\"role\"");
  expect("[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\"}]", "ends with the assistant's turn", "end it with the user's");
}

TEST_F(ProblemsTest, AConversationInThePromptColumnNamesTheFieldForIt) {
  ExpectRefused(R"({"prompt": [{"role": "user", "content": "a"}], "answer": "b"})", ":1: ", "'prompt' is a JSON array", "data.messages_column");
}

TEST_F(ProblemsTest, AMissingFileIsNotFound) {
  EXPECT_THAT(LoadProblems(directory_ / "absent.jsonl"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("absent.jsonl")));
}

}  // namespace
}  // namespace cohort::data
