#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/cohort/learner/v1/run_service.pb.h"

namespace cohort::cli {

// What the progress display shows; a pure function turns it into text, so that every rule of the display is tested without a terminal.
struct ProgressState {
  int64_t steps_total = 0;
  std::vector<learner::v1::StepRecord> records;  // Finished steps that were seen, by step.
  std::string note;                              // What is going on besides: "cohort-rollout-1 ended (signal 9); restarted". Empty for nothing.
  double elapsed_seconds = 0;                    // Training time so far.
};

// Seconds until the last step, from the mean time of the latest ones; negative when nothing is known yet.
double SecondsLeft(const ProgressState& state);

// "1:02", "1:02:03".
std::string ClockText(double seconds);

// The last values as a line of eighth blocks, `width` of them at most.
std::string Sparkline(const std::vector<double>& values, int width);

// The live block: lines that fit into `columns`, without line ends. Always of the same number of lines.
std::vector<std::string> LiveLines(const ProgressState& state, int columns, bool colour);

// One step as a plain line: "step 38/100  reward 1.65  accuracy 71.2%  format 94.0%  length 32.1  KL 0.0123  6,120 tokens/s  left 1:45".
std::string PlainLine(const ProgressState& state);

}  // namespace cohort::cli
