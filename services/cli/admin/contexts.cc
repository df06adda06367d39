#include "services/cli/admin/contexts.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/process/environment.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::cli {
namespace {

using Json = nlohmann::ordered_json;
using process::Variable;

struct Field {
  const char* name;
  std::string& (*of)(Connection& connection);
};
constexpr Field kFields[] = {
    {"endpoint", [](Connection& c) -> std::string& { return c.endpoint; }},
    {"token_file", [](Connection& c) -> std::string& { return c.token_file; }},
    {"tls_ca", [](Connection& c) -> std::string& { return c.tls.ca; }},
    {"tls_cert", [](Connection& c) -> std::string& { return c.tls.certificate; }},
    {"tls_key", [](Connection& c) -> std::string& { return c.tls.key; }},
};

std::string File() {
  const std::string config = Variable("XDG_CONFIG_HOME");
  return absl::StrCat(config.empty() ? absl::StrCat(Variable("HOME"), "/.config") : config, "/cohort/contexts.json");
}

absl::StatusOr<Connection> ParseConnection(const std::string& file, const std::string& name, const Json& object) {
  Connection connection;
  for (const auto& [key, value] : object.items()) {
    bool known = false;
    for (const Field& field : kFields) {
      if (key != field.name || !value.is_string()) continue;
      field.of(connection) = value.get<std::string>();
      known = true;
    }
    if (!known) return absl::InvalidArgumentError(absl::StrCat(file, ": context '", name, "': '", key, "' is no string field of a context"));
  }
  return connection;
}

// The connection of context `name`; an empty one when no context is meant.
absl::StatusOr<Connection> Named(const std::string& name, bool endpoint_given) {
  const std::string wanted = name.empty() ? Variable("COHORT_CONTEXT") : name;
  if (wanted.empty() && endpoint_given) return Connection();
  COHORT_ASSIGN_OR_RETURN(const Contexts contexts, LoadContexts());
  const std::string& chosen = wanted.empty() ? contexts.current : wanted;
  if (chosen.empty()) return Connection();
  const auto found = contexts.connections.find(chosen);
  if (found == contexts.connections.end()) {
    return absl::NotFoundError(absl::StrCat("there is no context '", chosen, "'; cohort context list shows those there are"));
  }
  return found->second;
}

}  // namespace

absl::StatusOr<Contexts> LoadContexts() {
  const std::string file = File();
  const absl::StatusOr<std::string> text = io::ReadFile(file);
  if (absl::IsNotFound(text.status())) return Contexts();
  COHORT_RETURN_IF_ERROR(text.status());
  const Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  const bool good = json.is_object() && json.contains("contexts") && json["contexts"].is_object() && (!json.contains("current") || json["current"].is_string());
  if (!good) return absl::InvalidArgumentError(absl::StrCat(file, ": is no file of contexts; repair or remove it"));
  Contexts contexts;
  contexts.current = json.value("current", "");
  for (const auto& [name, object] : json["contexts"].items()) {
    COHORT_ASSIGN_OR_RETURN(contexts.connections[name], ParseConnection(file, name, object));
  }
  return contexts;
}

absl::Status SaveContexts(const Contexts& contexts) {
  Json json = {{"current", contexts.current}, {"contexts", Json::object()}};
  for (auto [name, connection] : contexts.connections) {
    Json& object = json["contexts"][name] = Json::object();
    for (const Field& field : kFields) {
      if (const std::string& value = field.of(connection); !value.empty()) object[field.name] = value;
    }
  }
  const std::string file = File();
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(file).parent_path(), error);
  if (error) return absl::UnavailableError(absl::StrCat(file, ": its directory cannot be made: ", error.message()));
  return io::WriteFileAtomically(file, json.dump(2) + "\n");
}

absl::StatusOr<Connection> Resolve(const Connection& given, const std::string& name) {
  Connection connection = given;
  if (connection.endpoint.empty()) connection.endpoint = Variable("COHORT_ENDPOINT");
  COHORT_ASSIGN_OR_RETURN(Connection context, Named(name, !connection.endpoint.empty()));
  for (const Field& field : kFields) {
    if (std::string& value = field.of(connection); value.empty()) value = field.of(context);
  }
  return connection;
}

}  // namespace cohort::cli
