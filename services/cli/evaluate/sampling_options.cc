#include "services/cli/evaluate/sampling_options.h"

#include "absl/strings/str_replace.h"

namespace cohort::cli {

common::v1::SamplingParams SamplingOptions::ToProto() const {
  common::v1::SamplingParams sampling;
  sampling.set_temperature(static_cast<float>(temperature));
  sampling.set_top_p(static_cast<float>(top_p));
  sampling.set_top_k(top_k);
  sampling.set_min_p(static_cast<float>(min_p));
  sampling.set_max_new_tokens(max_new_tokens);
  sampling.set_seed(seed);
  return sampling;
}

void AddSamplingOptions(CLI::App* command, SamplingOptions& options) {
  command->add_option("-t,--temperature", options.temperature, "Divides the logits; 0 is greedy [1]")->check(CLI::Range(0.0, 100.0));
  command->add_option("--top-p", options.top_p, "Keeps the most likely tokens up to this mass [1]")->check(CLI::Range(0.0, 1.0));
  command->add_option("--top-k", options.top_k, "Keeps so many most likely tokens; 0 keeps all [0]")->check(CLI::NonNegativeNumber);
  command->add_option("--min-p", options.min_p, "Keeps tokens at least so likely, relative to the most likely [0]")->check(CLI::Range(0.0, 1.0));
  command->add_option("--max-new-tokens", options.max_new_tokens, "Longest completion [256]")->check(CLI::Range(1, 1 << 20));
  command->add_option("--seed", options.seed, "Seed; equal seeds give equal completions [0]");
}

std::string WithLineBreaks(const std::string& text) { return absl::StrReplaceAll(text, {{"\\n", "\n"}}); }

}  // namespace cohort::cli
