#include "common/arithmetic/arithmetic_corpus.h"

#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/arithmetic/worked_steps.h"
#include "common/status/status_macros.h"
#include "glog/logging.h"

namespace cohort::arithmetic {
namespace {

constexpr uint64_t kCorpusStream = 0x636f7270'00000000;
// The problems of a corpus are not those that `cohort data arithmetic problems` writes for the same seed.
constexpr uint64_t kProblemSeedOffset = 0x9e3779b97f4a7c15;

struct Thinking {
  std::string text;
  std::string link;  // What joins it to a sentence that follows.
  int answer = 0;
};

Thinking Think(const CorpusOptions& options, const Problem& problem, random::Stream& stream) {
  if (stream.NextDouble() < options.worked_share) {
    const int guess = Guess(problem, options.right_guess_share, stream);
    Worked worked = WorkSteps(problem, options.slip_share, stream);
    return {absl::StrCat("easy ", guess, " wait ", worked.text), "", worked.result};
  }
  const int guess = Guess(problem, options.right_guess_share, stream);
  if (stream.NextDouble() < options.silent_share) return {"", "", guess};
  const double opening = stream.NextDouble();
  return {absl::StrCat(opening < 0.6 ? "easy " : opening < 0.8 ? "guess " : "hmm easy ", guess), ", ", guess};
}

std::string Shape(const ShapeShares& shares, const Thinking& thinking, random::Stream& stream) {
  const std::string answer = absl::StrCat("<answer>", thinking.answer, "</answer>");
  const std::string sentence = absl::StrCat(thinking.link, "so the answer is ", thinking.answer);
  double draw = stream.NextDouble();
  if ((draw -= shares.complete) < 0) return absl::StrCat("<think>", thinking.text, "</think>", answer);
  if ((draw -= shares.unopened) < 0) return absl::StrCat(thinking.text, "</think>", answer);
  if ((draw -= shares.prose) < 0) return absl::StrCat("<think>", thinking.text, sentence);
  if ((draw -= shares.unopened_prose) < 0) return absl::StrCat(thinking.text, sentence);
  if ((draw -= shares.untagged) < 0) return absl::StrCat("<think>", thinking.text, "</think>", thinking.answer, " done");
  return absl::StrCat("<think>", thinking.text, answer);
}

}  // namespace

absl::Status CorpusOptions::Validate() const {
  COHORT_RETURN_IF_ERROR(problems.Validate());
  const std::array<std::pair<const char*, double>, 10> all = {{{"worked_share", worked_share},
                                                              {"slip_share", slip_share},
                                                              {"silent_share", silent_share},
                                                              {"right_guess_share", right_guess_share},
                                                              {"shapes.complete", shapes.complete},
                                                              {"shapes.unopened", shapes.unopened},
                                                              {"shapes.prose", shapes.prose},
                                                              {"shapes.unopened_prose", shapes.unopened_prose},
                                                              {"shapes.untagged", shapes.untagged},
                                                              {"shapes.unclosed", shapes.unclosed}}};
  for (const auto& [name, share] : all) {
    if (!(share >= 0.0 && share <= 1.0)) {
      return absl::InvalidArgumentError(absl::StrCat(name, " is ", share, "; it is a share and lies between 0 and 1"));
    }
  }
  const double sum = shapes.complete + shapes.unopened + shapes.prose + shapes.unopened_prose + shapes.untagged + shapes.unclosed;
  if (std::abs(sum - 1.0) > 1e-6) return absl::InvalidArgumentError(absl::StrCat("the six shares of shapes add up to ", sum, " instead of 1"));
  return absl::OkStatus();
}

ArithmeticCorpus::ArithmeticCorpus(const CorpusOptions& options, uint64_t seed)
    : options_(options), problems_(options.problems, Split::kTraining, seed ^ kProblemSeedOffset), stream_(seed, kCorpusStream) {
  CHECK(options.Validate().ok()) << options.Validate();
}

Document ArithmeticCorpus::Next() {
  const Problem problem = problems_.Next();
  const Thinking thinking = Think(options_, problem, stream_);
  return {PromptText(problem), Shape(options_.shapes, thinking, stream_)};
}

std::string PromptText(const Problem& problem) { return absl::StrCat("User: ", problem.Text(), "\nAssistant: "); }

}  // namespace cohort::arithmetic
