#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "cohort/reward/v1/reward_service.pb.h"
#include "common/reward/auxiliary/auxiliary.h"
#include "services/coderunner/answer/program.h"
#include "services/coderunner/judge/judgement_pool.h"
#include "services/coderunner/problem/problem.h"

namespace cohort::coderunner {

// The template that a policy of code rewards names, not set when it names none: "code", or "TEMPLATE:code". INVALID_ARGUMENT for anything else, so that a run that
// is meant for the grader of mathematics notices, and for templates without room for a program.
absl::StatusOr<reward::v1::Template> ReadCodePolicy(const std::string& policy_id);

// One item of a batch, understood.
struct PreparedItem {
  reward::v1::Template shape = reward::v1::TEMPLATE_UNSPECIFIED;
  std::shared_ptr<const Problem> problem;  // Null when the reference cannot be read.
  std::string gold_error;                  // Then: why.
  ExtractedProgram program;
  reward::AuxiliaryRewards auxiliary;

  // Whether there is something to run.
  bool runs() const { return problem != nullptr && program.verdict == reward::v1::VERDICT_UNSPECIFIED; }
};

// Reads the items of one batch; neighbours mostly share their reference, so the last one is remembered. Not thread-safe.
class ItemReader {
 public:
  // INVALID_ARGUMENT names the item and the field that is wrong; a reference that cannot be read is a result, not an error.
  absl::StatusOr<PreparedItem> Read(int index, const reward::v1::ScoreItem& item);

 private:
  void ReadGold(const std::string& gold);

  std::optional<std::string> gold_;
  std::shared_ptr<const Problem> problem_;
  std::string gold_error_;
};

// Writes the result of an item; `judgement` is set when it ran.
void FillResult(const reward::v1::ScoreItem& item, const PreparedItem& prepared, const Judgement* judgement, reward::v1::ScoreResult& result);

}  // namespace cohort::coderunner
