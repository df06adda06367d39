#include "services/coderunner/judge/judge.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/reward/format/utf8.h"
#include "common/rpc/call_trace.h"
#include "services/coderunner/judge/compare.h"

namespace cohort::coderunner {
namespace {

namespace v1 = reward::v1;

constexpr size_t kShownErrorBytes = 300;
constexpr double kNearlyAll = 0.9;

// The end of what a program said on standard error: a Python exception stands there.
std::string LastWords(const std::string& errors) {
  const size_t last = errors.find_last_not_of(" \n\r\t");
  if (last == std::string::npos) return "";
  const size_t line_feed = errors.rfind('\n', last);
  const size_t line = line_feed == std::string::npos ? 0 : line_feed + 1;
  const size_t begin = std::max(line, last > kShownErrorBytes ? last - kShownErrorBytes : 0);
  return reward::ValidUtf8(std::string_view(errors).substr(begin, last + 1 - begin));
}

// The first lines: a compiler's first error.
std::string FirstWords(const std::string& errors) { return reward::ValidUtf8(std::string_view(errors).substr(0, kShownErrorBytes)); }

bool RanOutOfMemory(const RunOutcome& outcome, const Limits& limits) {
  return outcome.errors.find("MemoryError") != std::string::npos || outcome.errors.find("bad_alloc") != std::string::npos ||
         static_cast<double>(outcome.peak_bytes) > kNearlyAll * static_cast<double>(limits.memory_bytes);
}

std::string WithLastWords(std::string what, const RunOutcome& outcome) {
  const std::string words = LastWords(outcome.errors);
  return words.empty() ? what : absl::StrCat(what, ": ", words);
}

// How a test ended that did not end well; kPassed when the process did.
TestEnd Classify(const RunOutcome& outcome, const Limits& limits, std::string* why) {
  switch (outcome.end) {
    case End::kFailed: *why = absl::StrCat("the sandbox failed: ", outcome.message); return TestEnd::kSandboxFailed;
    case End::kCpuLimit: *why = absl::StrCat("stopped at the limit of ", absl::FormatDuration(limits.cpu), " CPU time"); return TestEnd::kTimeLimit;
    case End::kWallLimit: *why = absl::StrCat("stopped at the limit of ", absl::FormatDuration(limits.wall), " wall time"); return TestEnd::kTimeLimit;
    case End::kOutputLimit: *why = absl::StrCat("wrote more than ", limits.output_bytes, " bytes"); return TestEnd::kOutputLimit;
    default: break;
  }
  if (outcome.end == End::kExited && outcome.code == 0) return TestEnd::kPassed;
  if (RanOutOfMemory(outcome, limits)) {
    *why = absl::StrCat("ran out of its ", limits.memory_bytes >> 20, " MiB of memory");
    return TestEnd::kMemoryLimit;
  }
  *why = outcome.end == End::kSignalled ? WithLastWords(absl::StrCat("killed by signal ", outcome.code, " (", strsignal(outcome.code), ")"), outcome)
                                        : WithLastWords(absl::StrCat("exited with code ", outcome.code), outcome);
  return TestEnd::kRuntimeError;
}

// Compares what a process that ended well has said; "" when it is right.
std::string Compare(const Problem& problem, const Test& test, const RunOutcome& outcome) {
  if (!problem.is_function()) return CompareText(test.expected_text, outcome.output, problem.rule, test.tolerance);
  if (outcome.result.empty()) return "ended before the function returned a result";
  const absl::StatusOr<JsonValue> result = ParseJson(outcome.result);
  if (!result.ok()) return absl::StrCat("the result cannot be read: ", std::string(result.status().message()));
  return CompareValues(test.expected_value, *result, test.tolerance);
}

v1::Verdict VerdictOf(TestEnd end) {
  switch (end) {
    case TestEnd::kPassed: return v1::VERDICT_CORRECT;
    case TestEnd::kTimeLimit: return v1::VERDICT_TIMEOUT;
    case TestEnd::kSandboxFailed: return v1::VERDICT_INTERNAL;
    default: return v1::VERDICT_INCORRECT;
  }
}

}  // namespace

RunOutcome Judge::RunPatiently(int slot, const Command& command, const sync::StopToken& stop) {
  RunOutcome outcome = sandbox_.Run(slot, command, stop);
  if (outcome.end != End::kFailed || stop.stop_requested()) return outcome;
  COHORT_LOG(WARNING) << "the sandbox failed, once more: " << outcome.message << rpc::CurrentTraceTag();
  metrics_.sandbox_failures->Add();
  return sandbox_.Run(slot, command, stop);
}

bool Judge::Build(int slot, const Recipe& recipe, const sync::StopToken& stop, Judgement& judgement) {
  const std::string directory = workspace_.SlotDirectory(slot);
  absl::Status prepared = workspace_.Fill(slot, recipe.files);
  if (prepared.ok() && !recipe.compile.empty()) prepared = sandbox_.GiveToSlot(slot, directory);
  if (!prepared.ok()) {
    COHORT_LOG(ERROR) << prepared << rpc::CurrentTraceTag();
    judgement.rule = absl::StrCat("the program could not be written: ", std::string(prepared.message()));
    return false;
  }
  if (recipe.compile.empty()) return true;
  Command command;
  command.argv = recipe.compile;
  command.directory = directory;
  command.builds = true;
  command.limits = build_limits_;
  const RunOutcome outcome = RunPatiently(slot, command, stop);
  metrics_.compile_seconds->Observe(absl::ToDoubleSeconds(outcome.wall));
  if (outcome.end == End::kExited && outcome.code == 0) return true;
  std::string why;
  const TestEnd end = Classify(outcome, build_limits_, &why);
  judgement.verdict = end == TestEnd::kSandboxFailed ? v1::VERDICT_INTERNAL : v1::VERDICT_PRED_UNPARSEABLE;
  judgement.rule = end == TestEnd::kRuntimeError ? absl::StrCat("it does not compile: ", FirstWords(outcome.errors)) : absl::StrCat("it does not compile: the compiler ", why);
  return false;
}

bool Judge::RunTest(int slot, const Problem& problem, const Recipe& recipe, size_t index, const sync::StopToken& stop, Judgement& judgement) {
  const Test& test = problem.tests[index];
  Command command;
  command.argv = recipe.run;
  command.directory = workspace_.SlotDirectory(slot);
  command.input = test.input;
  command.has_result = problem.is_function();
  command.limits = problem.limits;
  const RunOutcome outcome = RunPatiently(slot, command, stop);
  std::string why;
  TestEnd end = Classify(outcome, problem.limits, &why);
  if (end == TestEnd::kPassed) {
    why = Compare(problem, test, outcome);
    if (!why.empty()) end = TestEnd::kWrongAnswer;
  }
  metrics_.CountTest(end, outcome.wall);
  judgement.verdict = VerdictOf(end);
  if (end == TestEnd::kPassed) return true;
  judgement.rule = absl::StrCat("test ", index + 1, " of ", problem.tests.size(), ": ", why);
  return false;
}

Judgement Judge::Decide(int slot, const Problem& problem, Language language, const std::string& source, const sync::StopToken& stop) {
  const absl::Time began = absl::Now();
  Judgement judgement;
  judgement.method = problem.is_function() ? v1::METHOD_STRUCTURAL : v1::METHOD_TEXT;
  const Recipe recipe =
      problem.is_function() ? FunctionRecipe(language, toolchain_, source, problem.function) : ProgramRecipe(language, toolchain_, source);
  bool goes_on = Build(slot, recipe, stop, judgement);
  for (size_t i = 0; goes_on && i < problem.tests.size(); ++i) goes_on = RunTest(slot, problem, recipe, i, stop, judgement);
  if (judgement.verdict == v1::VERDICT_CORRECT) judgement.rule = absl::StrCat("all ", problem.tests.size(), " tests passed");
  judgement.micros = static_cast<uint32_t>(absl::ToInt64Microseconds(absl::Now() - began));
  return judgement;
}

}  // namespace cohort::coderunner
