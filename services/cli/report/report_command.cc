#include "services/cli/report/report_command.h"

#include <iostream>
#include <memory>

#include "common/io/files.h"
#include "common/status/status_macros.h"
#include "services/cli/command/exit_code.h"
#include "services/cli/report/report.h"

namespace cohort::cli {

absl::StatusOr<std::string> WriteReport(const std::string& run_directory, const std::string& output) {
  COHORT_ASSIGN_OR_RETURN(const RunData run, LoadRunData(run_directory));
  const std::string path = output.empty() ? run_directory + "/report.html" : output;
  COHORT_RETURN_IF_ERROR(io::WriteFileAtomically(path, RenderReport(run)));
  return path;
}

void AddReportCommand(CLI::App& app, int* exit_code) {
  struct Arguments {
    std::string run_directory, output;
  };
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("report", "Turn a run into one self-contained HTML page: curves, distributions, sample completions");
  command->add_option("RUN_DIR", arguments->run_directory, "Directory of the run; it may still be in progress")->required();
  command->add_option("-o,--output", arguments->output, "File to write [RUN_DIR/report.html]");
  command->footer("Example:\n  cohort report runs/quickstart -o /tmp/quickstart.html");
  command->callback([arguments, exit_code] {
    const absl::StatusOr<std::string> path = WriteReport(arguments->run_directory, arguments->output);
    if (path.ok()) std::cout << *path << std::endl;
    *exit_code = Finish(path.status());
  });
}

}  // namespace cohort::cli
