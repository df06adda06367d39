#pragma once

// The only header that brings in glog. Never include it in a file that includes torch: c10 defines macros of the same names.
#include <string>

#include "glog/logging.h"

namespace cohort::log {

// Makes this process log to stderr, one line an entry: severity, UTC time, thread, file:line, then the context, then the message. Call once, first
// thing in main. `program` is argv[0].
void Initialize(const char* program);

// What every later entry of this process begins with: "run=quickstart worker=rollout-0". Thread-safe.
void SetContext(const std::string& context);

// The context in brackets with a space after it, or "".
std::string Context();

}  // namespace cohort::log

// Logs with the process's context: COHORT_LOG(INFO) << "policy 3 is in use";
#define COHORT_LOG(severity) LOG(severity) << ::cohort::log::Context()
