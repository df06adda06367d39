// Every wrong input gets one clear error before any work starts, and nothing is overwritten.
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "tests/integration/e2e/training_run.h"

namespace cohort::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

absl::Time Within(int seconds) { return absl::Now() + absl::Seconds(seconds); }

// Runs with `settings` and expects a failure whose output holds all of `parts`.
void ExpectRefused(TrainingRun& run, const std::vector<std::string>& parts, const std::vector<std::string>& more = {"--no-eval"}) {
  ASSERT_OK(run.Start(more));
  auto code = run.Wait(Within(60));
  ASSERT_OK(code);
  EXPECT_NE(*code, 0);
  for (const std::string& part : parts) EXPECT_THAT(run.Output(), HasSubstr(part));
  EXPECT_FALSE(fs::exists(run.Path("model"))) << "work had begun";
}

std::string DataFile(const TempDir& directory, const std::string& line) {
  const std::string path = directory / "data.jsonl";
  EXPECT_OK(io::WriteFileAtomically(path, absl::StrCat(R"({"prompt": "1 + 1", "answer": "2"})", "\n", line, "\n")));
  return path;
}

TEST(BadInputTest, AnUnknownKeyIsRefusedWithTheNearestKnownOne) {
  TrainingRun run({"algorithm.group_siz=4"});
  ExpectRefused(run, {"group_siz", "group_size"});
}

TEST(BadInputTest, ContradictoryBatchSizesAreRefused) {
  TrainingRun run({"algorithm.minibatches=5"});
  ExpectRefused(run, {"minibatches", "5"});
}

TEST(BadInputTest, ADataSetLineThatIsNotJsonIsNamed) {
  TempDir directory;
  TrainingRun run({"data.train=" + DataFile(directory, "prompt: 1 + 1")});
  ExpectRefused(run, {"data.jsonl:2"});
}

TEST(BadInputTest, ADataSetLineWithoutAnAnswerIsNamed) {
  TempDir directory;
  TrainingRun run({"data.train=" + DataFile(directory, R"({"prompt": "1 + 1"})")});
  ExpectRefused(run, {"data.jsonl:2", "answer"});
}

TEST(BadInputTest, AnAnswerThatCannotBeParsedIsFoundBeforeTrainingStarts) {
  TempDir directory;
  TrainingRun run({"data.train=" + DataFile(directory, R"({"prompt": "1 + 1", "answer": "two-ish ((("})")});
  ExpectRefused(run, {"data.jsonl:2", "two-ish ((("});
}

TEST(BadInputTest, AModelThatIsNotThereIsNamedBeforeAnythingIsStarted) {
  TrainingRun run({"model.path=/tmp/no-such-model"});
  ExpectRefused(run, {"model.path: /tmp/no-such-model: there is no such directory; give a Hugging Face checkpoint directory"});
  EXPECT_THAT(run.Output(), Not(HasSubstr("started redis")));
}

TEST(BadInputTest, AWrongColumnIsNamedWithThoseThatThereAre) {
  TrainingRun run({"data.answer_column=solution"});
  ExpectRefused(run, {"train.jsonl:1: has no column 'solution'", "answer, prompt", "data.answer_column"});
}

TEST(BadInputTest, AChatWithATokenizerWithoutChatTemplateIsRefused) {
  TrainingRun run({"data.chat=true"});
  ExpectRefused(run, {"configs/tiny", "no chat template", "data.prompt_template"});
}

TEST(BadInputTest, ATruncatedCheckpointIsRefusedByName) {
  TempDir directory;
  const std::string model = directory / "model";
  fs::copy("configs/tiny", model, fs::copy_options::recursive);
  fs::resize_file(model + "/model.safetensors", fs::file_size(model + "/model.safetensors") / 2);
  TrainingRun run({"model.path=" + model});
  ExpectRefused(run, {"model.safetensors"});
}

TEST(BadInputTest, ARunDirectoryThatBelongsToAnotherConfigIsLeftAlone) {
  TrainingRun run({"run.steps=1"});
  ASSERT_OK(run.Start({"--no-eval"}));
  ASSERT_THAT(run.Wait(Within(60)), IsOkAndHolds(0)) << run.Output();
  auto before = io::ReadFile(run.Path("model/model.safetensors"));
  ASSERT_OK(before);

  ASSERT_OK(run.Start({"--no-eval", "--resume", "--set", "algorithm.group_size=2"}));
  auto code = run.Wait(Within(60));
  ASSERT_OK(code);
  EXPECT_NE(*code, 0);
  EXPECT_THAT(run.Output(), HasSubstr("another config"));
  EXPECT_THAT(io::ReadFile(run.Path("model/model.safetensors")), IsOkAndHolds(*before));
}

TEST(BadInputTest, AnUnreachableRedisIsNamedByItsAddress) {
  TrainingRun run({"queue.redis_address=127.0.0.1:1"});
  ExpectRefused(run, {"127.0.0.1:1"}, {"--no-eval", "--start-timeout", "3"});
}

}  // namespace
}  // namespace cohort::testing
