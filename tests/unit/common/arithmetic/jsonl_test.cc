#include "common/arithmetic/jsonl.h"

#include <set>
#include <string>

#include "absl/strings/str_split.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "nlohmann/json.hpp"

namespace cohort::arithmetic {
namespace {

using ::cohort::testing::StatusIs;
using ::testing::HasSubstr;

std::vector<std::string> Lines(const std::string& path) {
  const auto content = io::ReadFile(path);
  return content.ok() ? absl::StrSplit(*content, '\n', absl::SkipEmpty()) : std::vector<std::string>{content.status().ToString()};
}

class JsonlTest : public ::testing::Test {
 protected:
  const cohort::testing::TempDir directory_;
  const std::string path_ = directory_.path() + "/rows.jsonl";
};

TEST_F(JsonlTest, ProblemsAreDifferentAndCarryTheirAnswer) {
  ASSERT_OK(WriteProblems(path_, {}, Split::kHeldOut, 512, 1));
  const auto lines = Lines(path_);
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), 512);
  for (const std::string& line : lines) {
    const auto row = nlohmann::json::parse(line);
    const std::vector<std::string> words = absl::StrSplit(row.at("prompt").get<std::string>(), ' ');
    const int left = std::stoi(words[0]), right = std::stoi(words[2]);
    ASSERT_EQ(row.at("answer"), std::to_string(words[1] == "+" ? left + right : left - right)) << line;
  }
}

TEST_F(JsonlTest, CorpusRowsAreItsDocumentsInOrder) {
  ASSERT_OK(WriteCorpus(path_, {}, 3, 9));
  ArithmeticCorpus corpus({}, 9);
  for (const std::string& line : Lines(path_)) {
    const Document document = corpus.Next();
    EXPECT_EQ(nlohmann::json::parse(line), (nlohmann::json{{"prompt", document.prompt}, {"completion", document.completion}}));
  }
}

TEST_F(JsonlTest, MoreProblemsThanThereAreIsAnErrorAndWritesNothing) {
  EXPECT_THAT(WriteProblems(path_, {.two_digit_share = 1.0}, Split::kHeldOut, 100'000, 1), StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("100000")));
  EXPECT_THAT(io::ReadFile(path_), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(JsonlTest, ACountThatIsNotPositiveIsAnError) {
  EXPECT_THAT(WriteCorpus(path_, {}, 0, 1), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("count is 0")));
}

TEST(TinyConfigTest, ProblemFilesOfTheQuickstartAreWhatTheirSeedsGive) {
  const cohort::testing::TempDir directory;
  ASSERT_OK(WriteProblems(directory.path() + "/train.jsonl", {}, Split::kTraining, 8192, 1));
  ASSERT_OK(WriteProblems(directory.path() + "/heldout.jsonl", {}, Split::kHeldOut, 512, 2));
  EXPECT_EQ(Lines(directory.path() + "/train.jsonl"), Lines("configs/tiny/train.jsonl"));
  EXPECT_EQ(Lines(directory.path() + "/heldout.jsonl"), Lines("configs/tiny/heldout.jsonl"));
}

}  // namespace
}  // namespace cohort::arithmetic
