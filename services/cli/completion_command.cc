#include "services/cli/completion_command.h"

#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/command/exit_code.h"

namespace cohort::cli {
namespace {

// What can follow each command, by the command's words: "" is `cohort` itself, " worker list" is `cohort worker list`.
using Words = std::map<std::string, std::vector<std::string>>;

void Collect(const CLI::App& command, const std::string& path, Words& words) {
  std::vector<std::string>& own = words[path];
  for (const CLI::App* child : command.get_subcommands([](const CLI::App*) { return true; })) own.push_back(child->get_name());
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) own.push_back("--" + name);
    for (const std::string& name : option->get_snames()) own.push_back("-" + name);
  }
  for (const CLI::App* child : command.get_subcommands([](const CLI::App*) { return true; })) {
    Collect(*child, absl::StrCat(path, " ", child->get_name()), words);
  }
}

std::string BashScript(const Words& words) {
  std::vector<std::string> paths;
  std::string cases;
  for (const auto& [path, next] : words) {
    if (!path.empty()) paths.push_back(absl::StrCat("'", path, "'"));
    absl::StrAppend(&cases, "    '", path, "') words='", absl::StrJoin(next, " "), "' ;;\n");
  }
  return absl::StrCat(R"(_cohort() {
  local path="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path ${COMP_WORDS[i]}" in
    )",
                      absl::StrJoin(paths, "|"), R"() path="$path ${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path" in
)",
                      cases, R"(  esac
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _cohort cohort
)");
}

void AddShell(CLI::App* group, const CLI::App& app, const std::string& shell, const std::string& example, const std::string& head, int* exit_code) {
  CLI::App* command = group->add_subcommand(shell, "The script for " + shell);
  command->footer("Example:\n  " + example);
  command->callback([&app, head, exit_code] {
    Words words;
    Collect(app, "", words);
    std::cout << head << BashScript(words);
    *exit_code = kExitOk;
  });
}

}  // namespace

void AddCompletionCommand(CLI::App& app, int* exit_code) {
  CLI::App* group = app.add_subcommand("completion", "Prints a script that completes commands and options in a shell");
  group->require_subcommand(1);
  group->footer("Example:\n  cohort completion bash");
  AddShell(group, app, "bash", "source <(cohort completion bash)", "", exit_code);
  AddShell(group, app, "zsh", "source <(cohort completion zsh)", "autoload -U +X compinit bashcompinit && compinit && bashcompinit\n", exit_code);
}

}  // namespace cohort::cli
