#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/tls.h"

namespace cohort::cli {

// Where one admin service is and how one shows oneself to it.
struct Connection {
  std::string endpoint;  // HOST:PORT or the directory of a run.
  std::string token_file;
  rpc::TlsFiles tls;     // Plaintext when it names no file.
};

// Named connections, in ${XDG_CONFIG_HOME:-~/.config}/cohort/contexts.json.
struct Contexts {
  std::string current;  // Empty when none was chosen.
  std::map<std::string, Connection> connections;
};

// None where the file does not exist. INVALID_ARGUMENT names the file and what is wrong in it.
absl::StatusOr<Contexts> LoadContexts();
absl::Status SaveContexts(const Contexts& contexts);

// The connection that a command uses. Each part comes from the first of these that has it: `given` on the command line, $COHORT_ENDPOINT, the context `name`
// (empty: $COHORT_CONTEXT, else the current one). An endpoint that was given directly leaves the current context aside, unless that was named as well.
// NOT_FOUND when the named context does not exist.
absl::StatusOr<Connection> Resolve(const Connection& given, const std::string& name);

}  // namespace cohort::cli
