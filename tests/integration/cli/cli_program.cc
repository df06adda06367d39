#include "tests/integration/cli/cli_program.h"

#include <cstdlib>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/io/files.h"

namespace cohort::testing {
namespace {

namespace fs = std::filesystem;

std::string Environment(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : fallback;
}

std::string ReadOrEmpty(const std::string& path) { return io::ReadFile(path).value_or(""); }

}  // namespace

std::unique_ptr<process::ChildProcess> StartCli(const std::vector<std::string>& arguments, const std::string& log) {
  process::ChildProcess::Options options;
  options.command = {Environment("COHORT_BIN", "build/bin") + "/cohort"};
  options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  options.log_file = log;
  options.working_directory = Environment("COHORT_SOURCE", ".");
  auto child = process::ChildProcess::Start(std::move(options));
  return child.ok() ? *std::move(child) : nullptr;
}

CliResult RunCli(const std::vector<std::string>& arguments, absl::Duration patience) {
  TempDir directory;
  const auto child = StartCli(arguments, directory / "output");
  CliResult result;
  if (child != nullptr) result.exit_code = child->Wait(absl::Now() + patience).value_or(-1);
  result.output = ReadOrEmpty(directory / "output");
  return result;
}

std::string TestModel() { return Environment("COHORT_TEST_MODEL", "configs/tiny"); }

std::vector<pid_t> ChildrenOf(pid_t pid, const std::string& name) {
  std::vector<pid_t> found;
  std::error_code error;
  for (const auto& task : fs::directory_iterator(absl::StrCat("/proc/", pid, "/task"), error)) {
    for (const auto text : absl::StrSplit(ReadOrEmpty(task.path().string() + "/children"), ' ', absl::SkipWhitespace())) {
      pid_t child = 0;
      if (!absl::SimpleAtoi(text, &child)) continue;
      if (fs::read_symlink(absl::StrCat("/proc/", child, "/exe"), error).filename().string().rfind(name, 0) == 0) found.push_back(child);
    }
  }
  return found;
}

}  // namespace cohort::testing
