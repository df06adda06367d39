// Tests/s of the coderunner end to end, through gRPC: coderunner_bench [PROGRAMS]. Prints a table of languages, kinds of tests and walls; no program is equal to
// another, so nothing comes from the cache. The CPU time is that of programs, compilers and supervisors, and says something on a busy machine too.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/process/child_process.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "tests/integration/reward/reward_process.h"

namespace cohort::reward {
namespace {

constexpr int kTests = 10;

struct Row {
  const char* what;
  bool function;
  const char* program;  // Behind it comes a comment with a number.
};

constexpr Row kRows[] = {
    {"Python, standard output", false, "a, b = map(int, input().split())\nprint(a + b)\n# "},
    {"Python, function", true, "def add(a, b):\n    return a + b\n# "},
    {"C++, standard output", false, "#include <iostream>\nint main() { long a, b; std::cin >> a >> b; std::cout << a + b; }\n// "},
    {"C++, function", true, "long add(long a, long b) { return a + b; }\n// "},
};

std::string Gold(bool function) {
  std::string tests;
  for (int i = 0; i < kTests; ++i) {
    absl::StrAppend(&tests, i > 0 ? "," : "");
    if (function) absl::StrAppend(&tests, R"({"arguments": [)", i, ", 7], \"expected\": ", i + 7, "}");
    if (!function) absl::StrAppend(&tests, R"({"stdin": ")", i, R"( 7\n", "stdout": ")", i + 7, R"(\n"})");
  }
  return absl::StrCat("{", function ? R"("function": "add", )" : "", R"("tests": [)", tests, "]}");
}

// CPU seconds of everything that the service has run and that has ended: of the descendants that its zygote has waited for.
double CpuSeconds(RewardProcess& service) {
  double seconds = 0;
  for (const pid_t zygote : ChildrenOf(service.process().pid())) {
    std::ifstream file(absl::StrCat("/proc/", zygote, "/stat"));
    std::string field;
    for (int i = 1; i < 16; ++i) file >> field;
    int64_t user = 0, system = 0;  // Fields 16 and 17: cutime, cstime.
    file >> user >> system;
    seconds += static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  return seconds;
}

// Seconds for so many right programs with ten tests each; negative when one was not found right.
double Measure(RewardProcess& service, const Row& row, int programs) {
  v1::ScoreRequest request;
  const bool cxx = std::string(row.what).rfind("C++", 0) == 0;
  for (int i = 0; i < programs; ++i) {
    v1::ScoreItem& item = *request.add_items();
    item.set_gold_answer(Gold(row.function));
    item.set_completion(absl::StrCat("```", cxx ? "cpp" : "python", "\n", row.program, i, "\n```"));
    item.set_policy_id("bare:code");
    item.set_finish_reason(common::v1::FINISH_REASON_STOP);
  }
  v1::ScoreResponse response;
  grpc::ClientContext context;
  const absl::Time began = absl::Now();
  const absl::Status status = rpc::FromGrpc(service.stub().Score(&context, request, &response));
  const double seconds = absl::ToDoubleSeconds(absl::Now() - began);
  if (!status.ok()) std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  for (const v1::ScoreResult& result : response.results()) {
    if (result.verdict() != v1::VERDICT_CORRECT) return -1;
  }
  return status.ok() ? seconds : -1;
}

}  // namespace
}  // namespace cohort::reward

int main(int argc, char** argv) {
  using namespace cohort::reward;
  const int programs = argc > 1 ? std::atoi(argv[1]) : 100;
  setenv("COHORT_BIN", (cohort::process::BinaryDirectory() + "/..").c_str(), 0);
  std::printf("%-26s %-12s %10s %10s %14s %14s\n", "programs of 10 tests", "walls", "seconds", "tests/s", "ms a program", "CPU ms of it");
  for (const char* walls : {"namespaces", "process"}) {
    RewardProcess service({"--allow-weak-isolation", "--walls", walls}, {}, "cohort-coderunner");
    for (const Row& row : kRows) {
      const double cpu_before = CpuSeconds(service);
      const double seconds = Measure(service, row, programs);
      const double cpu = CpuSeconds(service) - cpu_before;
      std::printf("%-26s %-12s %10.2f %10.0f %14.1f %14.1f\n", row.what, walls, seconds, programs * kTests / seconds, 1000 * seconds / programs, 1000 * cpu / programs);
      std::fflush(stdout);
    }
  }
}
