#include "services/cli/queue/queue_probe.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/queue/redis_prompt_queue.h"
#include "common/redis/connection.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"
#include "services/cli/command/exit_code.h"
#include "services/cli/command/text_table.h"

namespace cohort::cli {
namespace {

constexpr int kShownDeadLetters = 20;

struct Arguments {
  std::string redis;
  std::string run;
  std::string format = "table";
  double timeout_seconds = 5;
};

struct Answer {
  queue::QueueStats stats;
  std::vector<prompt::v1::DeadLetter> dead;
};

// Opening a queue makes its keys, so a name that was mistyped must be noticed before.
absl::Status CheckExists(const Arguments& arguments, absl::Time deadline) {
  redis::Connection connection({.address = arguments.redis, .client_name = "cohort-cli"});
  const queue::RedisQueueKeys keys(arguments.run);
  COHORT_ASSIGN_OR_RETURN(const redis::Reply reply,
                          connection.Command({"EXISTS", keys.stream, keys.incarnation}, deadline, redis::LostReply::kRepeat));
  if (reply.integer > 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("no queue of a run '", arguments.run, "' at ", arguments.redis, "; check --run (run.name of the config) and --redis"));
}

absl::StatusOr<Answer> Ask(const Arguments& arguments) {
  const absl::Time deadline = absl::Now() + absl::Seconds(arguments.timeout_seconds);
  COHORT_RETURN_IF_ERROR(CheckExists(arguments, deadline));
  queue::QueueOptions options;
  options.run_id = arguments.run;
  options.consumer = absl::StrCat("cohort-cli-", getpid());
  COHORT_ASSIGN_OR_RETURN(const auto queue, queue::RedisPromptQueue::Open(arguments.redis, options, deadline));
  Answer answer;
  COHORT_ASSIGN_OR_RETURN(answer.stats, queue->Stats(deadline));
  COHORT_ASSIGN_OR_RETURN(answer.dead, queue->DeadLetters(kShownDeadLetters, deadline));
  return answer;
}

void PrintJson(const Arguments& arguments, const Answer& answer) {
  nlohmann::ordered_json out = {{"run", arguments.run},
                                {"backlog", answer.stats.backlog},
                                {"leased", answer.stats.leased},
                                {"oldest_age_seconds", absl::ToDoubleSeconds(answer.stats.oldest_age)},
                                {"dead_letters", answer.stats.dead_letters},
                                {"incarnation", answer.stats.incarnation},
                                {"dead", nlohmann::ordered_json::array()}};
  for (const prompt::v1::DeadLetter& letter : answer.dead) {
    out["dead"].push_back({{"group_id", letter.task().group_id()}, {"reason", letter.reason()}, {"attempts", letter.attempts()}, {"worker", letter.last_worker()}});
  }
  std::cout << out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
}

void PrintTable(const Arguments& arguments, const Answer& answer) {
  TextTable table({"run " + arguments.run, ""});
  table.Add({"backlog (nobody holds them)", absl::StrCat(answer.stats.backlog)});
  table.Add({"leased", absl::StrCat(answer.stats.leased)});
  table.Add({"age of the oldest", absl::StrFormat("%.1f s", absl::ToDoubleSeconds(answer.stats.oldest_age))});
  table.Add({"dead letters", absl::StrCat(answer.stats.dead_letters)});
  table.Add({"learner incarnation", absl::StrCat(answer.stats.incarnation)});
  std::cout << table.Render();
  for (const prompt::v1::DeadLetter& letter : answer.dead) {
    std::cout << "  dead: " << letter.task().group_id() << " after " << letter.attempts() << " deliveries, last to " << letter.last_worker() << ": "
              << letter.reason() << "\n";
  }
  std::cout << std::flush;
}

}  // namespace

void AddQueueProbe(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.get_subcommand("queue")->add_subcommand("probe", "Asks Redis itself how full the queue of a run is, where there is no admin service");
  command->add_option("--redis", arguments->redis, "HOST:PORT of the Redis server, rediss://HOST:PORT for TLS")->required();
  command->add_option("--run", arguments->run, "Name of the run (run.name of its config)")->required();
  command->add_option("-o,--output", arguments->format, "table or json [table]")->check(CLI::IsMember({"table", "json"}));
  command->add_option("--timeout", arguments->timeout_seconds, "Seconds for everything [5]")->check(CLI::PositiveNumber);
  command->footer("Example:\n  cohort queue probe --redis 127.0.0.1:6379 --run quickstart");
  command->callback([arguments, exit_code] {
    const absl::StatusOr<Answer> answer = Ask(*arguments);
    if (answer.ok()) (arguments->format == "json" ? PrintJson : PrintTable)(*arguments, *answer);
    *exit_code = Finish(answer.status());
  });
}

}  // namespace cohort::cli
