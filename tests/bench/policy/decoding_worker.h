#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/model/model_config.h"

namespace cohort::bench {

// A rollout worker in a process of its own that decodes a full batch without end and takes every version that it gets.
struct DecodingWorkerArguments {
  std::string learner;  // host:port
  std::string model;    // Of model::PublishedSizes().
  int gpu = 0;
  int batch = 256;
  int prompt = 256;
  int new_tokens = 512;
  int shares = 1;       // On the learner's GPU, copy from its memory; 0: be a rank.
};

// What it says of a version, as a line of its standard output: when its first token was reported, and what the decode steps since the version before took.
struct VersionReport {
  int64_t version = 0;
  bool broadcast = false;
  int64_t first_token_ns = 0;    // Since the epoch of the wall clock.
  double median_step_ms = 0;
  double worst_step_ms = 0;
  double resident_mib = 0;
};
std::string ToLine(const VersionReport& report);
// False for other lines.
bool FromLine(const std::string& line, VersionReport& report);

std::vector<std::string> ToCommandLine(const DecodingWorkerArguments& arguments);
// Runs the worker that "--worker" and further arguments ask for; does not return.
[[noreturn]] void RunDecodingWorker(int argc, char** argv);

const model::ModelConfig& ShapeNamed(const std::string& name);
// Memory of this process.
double ResidentMib();

}  // namespace cohort::bench
