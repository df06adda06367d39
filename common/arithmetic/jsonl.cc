#include "common/arithmetic/jsonl.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::arithmetic {
namespace {

// Draws in a row that bring nothing new before a split counts as used up.
constexpr int kMaxFruitlessDraws = 10'000;

absl::Status ValidateCount(int64_t count) {
  if (count > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("count is ", count, "; it must be positive"));
}

void AppendRow(absl::string_view key1, absl::string_view value1, absl::string_view key2, absl::string_view value2, std::string& lines) {
  nlohmann::ordered_json row;
  row[std::string(key1)] = std::string(value1);
  row[std::string(key2)] = std::string(value2);
  absl::StrAppend(&lines, row.dump(), "\n");
}

}  // namespace

absl::Status WriteProblems(const std::string& path, const ProblemOptions& options, Split split, int64_t count, uint64_t seed) {
  COHORT_RETURN_IF_ERROR(options.Validate());
  COHORT_RETURN_IF_ERROR(ValidateCount(count));
  ProblemSampler sampler(options, split, seed);
  absl::flat_hash_set<std::string> written;
  std::string lines;
  for (int fruitless = 0; written.size() < static_cast<size_t>(count);) {
    const Problem problem = sampler.Next();
    if (!written.insert(problem.Text()).second) {
      if (++fruitless < kMaxFruitlessDraws) continue;
      return absl::OutOfRangeError(absl::StrCat("count is ", count, ", but there are hardly more than ", written.size(), " different problems"));
    }
    fruitless = 0;
    AppendRow("prompt", problem.Text(), "answer", absl::StrCat(problem.Answer()), lines);
  }
  return io::WriteFileAtomically(path, lines);
}

absl::Status WriteCorpus(const std::string& path, const CorpusOptions& options, int64_t count, uint64_t seed) {
  COHORT_RETURN_IF_ERROR(options.Validate());
  COHORT_RETURN_IF_ERROR(ValidateCount(count));
  ArithmeticCorpus corpus(options, seed);
  std::string lines;
  for (int64_t i = 0; i < count; ++i) {
    const Document document = corpus.Next();
    AppendRow("prompt", document.prompt, "completion", document.completion, lines);
  }
  return io::WriteFileAtomically(path, lines);
}

}  // namespace cohort::arithmetic
