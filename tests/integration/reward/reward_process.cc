#include "tests/integration/reward/reward_process.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/io/files.h"
#include "common/rpc/client.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace cohort::reward {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

// The body of GET /metrics on "127.0.0.1:port".
std::string Fetch(const std::string& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string text;
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0) {
    const std::string request = "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n";
    [[maybe_unused]] const ssize_t sent = write(fd, request.data(), request.size());
    char buffer[4096];
    for (ssize_t got; (got = read(fd, buffer, sizeof(buffer))) > 0;) text.append(buffer, static_cast<size_t>(got));
  }
  close(fd);
  return text;
}

}  // namespace

std::string Binary(const std::string& name) {
  const char* folder = std::getenv("COHORT_BIN");
  return (folder != nullptr ? std::string(folder) : process::BinaryDirectory() + "/../bin") + "/" + name;
}

std::vector<pid_t> ChildrenOf(pid_t pid) {
  std::vector<pid_t> children;
  const std::string number = std::to_string(pid);
  std::ifstream file("/proc/" + number + "/task/" + number + "/children");
  for (pid_t child; file >> child;) children.push_back(child);
  return children;
}

RewardProcess::RewardProcess(std::vector<std::string> flags, std::map<std::string, std::string> environment, const std::string& program) {
  process::ChildProcess::Options options;
  options.command = {Binary(program), "--endpoint-file", directory_ / "endpoint.json"};
  options.command.insert(options.command.end(), flags.begin(), flags.end());
  options.environment = std::move(environment);
  options.log_file = directory_ / "log";
  auto started = process::ChildProcess::Start(options);
  if (!started.ok()) {
    ADD_FAILURE() << started.status();
    return;
  }
  process_ = *std::move(started);
  const absl::Time give_up = absl::Now() + kPatience;
  absl::StatusOr<std::string> file;
  while (!(file = io::ReadFile(directory_ / "endpoint.json")).ok() && process_->running() && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(5));
  if (!file.ok()) {
    ADD_FAILURE() << program << " did not start:\n" << Log();
    return;
  }
  const auto endpoints = nlohmann::json::parse(*file);
  EXPECT_EQ(endpoints["pid"], process_->pid());
  address_ = endpoints["grpc"];
  metrics_ = endpoints["metrics"];
  channel_ = rpc::Connect(address_);
  stub_ = v1::RewardService::NewStub(channel_);
}

double RewardProcess::Metric(const std::string& name) const {
  const std::string text = Fetch(metrics_);
  const size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size() + 2));
}

std::string RewardProcess::Log() const { return io::ReadFile(directory_ / "log").value_or("(no log)"); }

std::vector<pid_t> RewardProcess::Workers() const {
  std::vector<pid_t> workers;
  for (const pid_t zygote : ChildrenOf(process_->pid())) {
    for (const pid_t worker : ChildrenOf(zygote)) workers.push_back(worker);
  }
  return workers;
}

}  // namespace cohort::reward
