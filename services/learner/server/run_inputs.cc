#include "services/learner/server/run_inputs.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/config/config.h"
#include "common/config/memory.h"
#include "common/io/crc32c.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cohort::learner {
namespace {

uint32_t ChecksumOf(const std::vector<data::PreparedPrompt>& prompts) {
  uint32_t crc = 0;
  for (const data::PreparedPrompt& prompt : prompts) {
    const std::string row = absl::StrCat(prompt.text.size(), ":", prompt.text, prompt.gold_answer.size(), ":", prompt.gold_answer);
    crc = io::Crc32c(absl::MakeConstSpan(row.data(), row.size()), crc);
  }
  return crc;
}

}  // namespace

absl::StatusOr<RunInputs> LoadRunInputs(const LearnerOptions& options) {
  RunInputs inputs;
  COHORT_ASSIGN_OR_RETURN(inputs.config, config::LoadRunConfig(options.config, options.overrides, config::Placement::kSeveralMachines));
  for (const config::DerivedQuantity& need : config::DeriveMemory(inputs.config)) COHORT_LOG(INFO) << need.name << ": " << need.value;
  const std::string& directory = inputs.config.model().path();
  COHORT_ASSIGN_OR_RETURN(const data::PromptFormat format, data::PromptFormat::Load(inputs.config.data(), directory));
  COHORT_ASSIGN_OR_RETURN(inputs.model, model::LoadCheckpoint(directory));
  COHORT_ASSIGN_OR_RETURN(inputs.data, data::LoadPrompts(inputs.config, inputs.config.data().train(), format, inputs.model.config.max_positions));
  inputs.identity.name = inputs.config.run().name();
  inputs.identity.fingerprint = config::Fingerprint(inputs.config);
  inputs.identity.model_crc32c = io::Crc32c(std::as_const(*inputs.model.weights).bytes());
  inputs.identity.data_crc32c = ChecksumOf(inputs.data.prompts);
  return inputs;
}

void LogRunInputs(const RunInputs& inputs) {
  if (const std::string left_out = data::LeftOutText(inputs.data); !left_out.empty()) COHORT_LOG(INFO) << left_out;
  COHORT_LOG(INFO) << "seed " << inputs.config.run().seed() << ", " << inputs.data.prompts.size() << " training problems, " << inputs.model.layout.size()
                   << " weights, fingerprint " << inputs.identity.fingerprint;
  for (const config::DerivedQuantity& quantity : config::Derive(inputs.config)) COHORT_LOG(INFO) << quantity.name << ": " << quantity.value;
}

}  // namespace cohort::learner
