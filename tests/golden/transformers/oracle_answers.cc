#include "tests/golden/transformers/oracle_answers.h"

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/io/files.h"
#include "common/process/child_process.h"
#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace cohort::golden {

void RunOracle(const std::vector<std::string>& arguments, const std::string& log_file) {
  process::ChildProcess::Options options;
  options.command = {"tests/golden/transformers/oracle"};
  options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  options.command[1] = "tests/golden/transformers/" + options.command[1];
  options.log_file = log_file;
  auto child = process::ChildProcess::Start(options);
  ASSERT_OK(child);
  const auto exit_code = (*child)->Wait(absl::Now() + absl::Minutes(8));
  ASSERT_OK(exit_code);
  ASSERT_EQ(*exit_code, 0) << io::ReadFile(log_file).value_or("");
}

void WriteRequest(const std::string& path, const OracleRequest& request) {
  const nlohmann::json json = {{"tokens", request.tokens}, {"new_tokens", request.new_tokens}, {"texts", request.texts}};
  EXPECT_OK(io::WriteFileAtomically(path, json.dump()));
}

OracleAnswer ReadAnswer(const std::string& directory) {
  OracleAnswer answer;
  const auto content = io::ReadFile(directory + "/answer.json");
  EXPECT_OK(content);
  if (!content.ok()) return answer;
  const auto json = nlohmann::json::parse(*content);
  answer.logits = json.at("logits").get<decltype(answer.logits)>();
  answer.greedy = json.at("greedy").get<decltype(answer.greedy)>();
  if (!json.contains("ids")) return answer;
  answer.ids = json.at("ids").get<decltype(answer.ids)>();
  answer.decoded = json.at("decoded").get<decltype(answer.decoded)>();
  return answer;
}

}  // namespace cohort::golden
