#include "services/cli/admin/context_commands.h"

#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status_macros.h"
#include "services/cli/admin/contexts.h"
#include "services/cli/command/exit_code.h"

namespace cohort::cli {
namespace {

// A command whose arguments are a name and, for `set`, a connection.
struct Arguments {
  std::string name;
  Connection connection;
};

absl::Status List(const Arguments&) {
  COHORT_ASSIGN_OR_RETURN(const Contexts contexts, LoadContexts());
  std::cout << absl::StreamFormat("%-2s%-20s %-32s %s\n", "", "NAME", "ENDPOINT", "SECURITY");
  for (const auto& [name, connection] : contexts.connections) {
    const char* security = connection.tls.any() ? (connection.tls.certificate.empty() ? "TLS" : "mutual TLS") : "plaintext";
    std::cout << absl::StreamFormat("%-2s%-20s %-32s %s%s\n", name == contexts.current ? "*" : "", name, connection.endpoint, security,
                                    connection.token_file.empty() ? "" : ", token");
  }
  return absl::OkStatus();
}

// Files are kept as absolute paths: a context is used from anywhere.
void MakeAbsolute(std::string& file) {
  if (!file.empty()) file = std::filesystem::absolute(file).lexically_normal().string();
}

absl::Status Set(const Arguments& arguments) {
  COHORT_ASSIGN_OR_RETURN(Contexts contexts, LoadContexts());
  Connection connection = arguments.connection;
  for (std::string* file : {&connection.token_file, &connection.tls.ca, &connection.tls.certificate, &connection.tls.key}) MakeAbsolute(*file);
  if (connection.endpoint.rfind(':') == std::string::npos) MakeAbsolute(connection.endpoint);
  contexts.connections[arguments.name] = connection;
  if (contexts.current.empty()) contexts.current = arguments.name;
  return SaveContexts(contexts);
}

absl::StatusOr<Contexts> LoadWith(const std::string& name) {
  COHORT_ASSIGN_OR_RETURN(Contexts contexts, LoadContexts());
  if (contexts.connections.count(name) > 0) return contexts;
  return absl::NotFoundError(absl::StrCat("there is no context '", name, "'; cohort context list shows those there are"));
}

absl::Status Use(const Arguments& arguments) {
  COHORT_ASSIGN_OR_RETURN(Contexts contexts, LoadWith(arguments.name));
  contexts.current = arguments.name;
  return SaveContexts(contexts);
}

absl::Status Delete(const Arguments& arguments) {
  COHORT_ASSIGN_OR_RETURN(Contexts contexts, LoadWith(arguments.name));
  contexts.connections.erase(arguments.name);
  if (contexts.current == arguments.name) contexts.current.clear();
  return SaveContexts(contexts);
}

CLI::App* Add(CLI::App* group, const std::string& name, const std::string& help, const std::string& example, int* exit_code, const std::shared_ptr<Arguments>& arguments,
              absl::Status (*action)(const Arguments&)) {
  CLI::App* command = group->add_subcommand(name, help);
  command->footer("Example:\n  " + example);
  command->callback([exit_code, arguments, action] {
    const absl::Status status = action(*arguments);
    if (!status.ok()) std::cerr << "cohort: " << status.message() << std::endl;
    *exit_code = ToExitCode(status);
  });
  return command;
}

}  // namespace

void AddContextCommands(CLI::App& app, int* exit_code) {
  CLI::App* group = app.add_subcommand("context", "Named connections to admin services");
  group->require_subcommand(1);
  group->footer("Example:\n  cohort context list");
  const auto arguments = std::make_shared<Arguments>();
  Add(group, "list", "Shows them; * marks the current one", "cohort context list", exit_code, arguments, List);
  CLI::App* set = Add(group, "set", "Names a connection, or changes one", "cohort context set lab --endpoint cohort.lab:7070 --tls-ca ca.pem --tls-cert me.pem --tls-key me.key", exit_code,
                      arguments, Set);
  CLI::App* use = Add(group, "use", "Makes one the current one", "cohort context use lab", exit_code, arguments, Use);
  CLI::App* del = Add(group, "delete", "Forgets one", "cohort context delete lab", exit_code, arguments, Delete);
  for (CLI::App* command : {set, use, del}) command->add_option("NAME", arguments->name, "Its name")->required();
  set->add_option("--endpoint", arguments->connection.endpoint, "HOST:PORT of the admin service, or the directory of a run")->required();
  set->add_option("--token-file", arguments->connection.token_file, "File with the token to show");
  set->add_option("--tls-ca", arguments->connection.tls.ca, "Certificates to trust (PEM)");
  set->add_option("--tls-cert", arguments->connection.tls.certificate, "Certificate to show (PEM)");
  set->add_option("--tls-key", arguments->connection.tls.key, "Its private key (PEM)");
}

}  // namespace cohort::cli
