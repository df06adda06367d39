#pragma once

#include <functional>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "services/cli/admin/admin_client.h"
#include "services/cli/admin/contexts.h"
#include "services/cli/admin/output.h"

namespace cohort::cli {

// What every admin command takes.
struct SessionOptions {
  Connection connection;  // As the command line gives it.
  std::string context;
  std::string format = "table";
  double timeout_seconds = 10;
  bool no_headers = false;
  bool watch = false;
  double interval_seconds = 2;
  // Of acts.
  std::string request_id;
  bool dry_run = false;
  bool wait = false;
  double wait_seconds = 300;
};

// One admin command that runs: its connection and how it prints.
class Session {
 public:
  Session(SessionOptions options, AdminClient& client) : options_(std::move(options)), client_(client) {}

  AdminClient& client() { return client_; }
  const SessionOptions& options() const { return options_; }
  bool headers() const { return !options_.no_headers; }

  // Prints an answer; NDJSON and the like while watching.
  void Print(const google::protobuf::Message& answer, const Presentation& presentation) const;

  // Prints an operation that was begun; with --wait not before it has ended (progress goes to stderr where that is a terminal). ABORTED when it failed or was
  // cancelled, DEADLINE_EXCEEDED when it still runs after the wait.
  absl::Status Conclude(const admin::v1::Operation& begun);

  // Fills in what the options say about an act.
  template <typename Request>
  void Stamp(Request& request) const {
    request.set_request_id(options_.request_id);
    request.set_validate_only(options_.dry_run);
  }

 private:
  const SessionOptions options_;
  AdminClient& client_;
};

// What a command does, once or again and again with --watch.
using Action = std::function<absl::Status(Session& session)>;

// Which options a command has besides those that all have.
enum class CommandKind { kRead, kAct, kOperation, kStream };

// Adds command `name` below `parent`; the result takes further arguments.
CLI::App* AddCommand(CLI::App* parent, const std::string& name, const std::string& help, const std::string& example, CommandKind kind, int* exit_code, Action action);

}  // namespace cohort::cli
