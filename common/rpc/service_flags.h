#pragma once

#include <string>
#include <utility>

#include "CLI/CLI.hpp"

namespace cohort::rpc {

// What the command lines of services that grade have in common: where they listen, and in which registry they stand.
struct ServiceFlags {
  explicit ServiceFlags(std::string service_name) : name(std::move(service_name)) {}

  std::string listen = "127.0.0.1:0";
  std::string metrics_listen = "127.0.0.1:0";
  bool allow_remote = false;
  std::string advertise_host;  // For the registry; empty: the one of `listen`.
  std::string name;            // In logs and in the registry.
  std::string endpoint_file;
  std::string redis;  // With `run`: the registry to stand in; empty for none.
  std::string run;
};

// Adds the options to `app`; the values that `flags` has are their defaults. `flags` has to live until `app` has parsed.
void AddServiceFlags(CLI::App& app, ServiceFlags& flags);

}  // namespace cohort::rpc
