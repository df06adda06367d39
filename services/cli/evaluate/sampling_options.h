#pragma once

#include <cstdint>
#include <string>

#include "CLI/CLI.hpp"
#include "proto/cohort/common/v1/sampling.pb.h"

namespace cohort::cli {

// The sampling flags that several commands share.
struct SamplingOptions {
  double temperature = 1;
  double top_p = 1;
  int top_k = 0;
  double min_p = 0;
  int max_new_tokens = 256;
  uint64_t seed = 0;

  common::v1::SamplingParams ToProto() const;
};

// Declares the flags on `command`; they are written into `options` when the command line is parsed.
void AddSamplingOptions(CLI::App* command, SamplingOptions& options);

// `text` with every "\n" that was typed as two characters made a line break, for templates given on a command line.
std::string WithLineBreaks(const std::string& text);

}  // namespace cohort::cli
