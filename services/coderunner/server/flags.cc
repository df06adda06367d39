#include "services/coderunner/server/flags.h"

#include <algorithm>
#include <map>
#include <thread>

#include "CLI/CLI.hpp"

namespace cohort::coderunner {
namespace {

constexpr int kUsage = 2;
constexpr int kGoOn = -1;
constexpr int kMaxSlots = 1024;

}  // namespace

JudgementPool::Options Flags::PoolOptions() const {
  JudgementPool::Options options;
  options.slots = slots > 0 ? slots : std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMaxSlots);
  options.queue_capacity = queue_capacity;
  options.cache_entries = cache_entries;
  return options;
}

int ParseFlags(int argc, char** argv, Flags* flags) {
  CLI::App app("Grades programs by running tests, each in a sandbox. Speaks the protocol of cohort-reward.", "cohort-coderunner");
  app.footer("Example:\n  cohort-coderunner --listen 127.0.0.1:7004 --slots 4 --allow-weak-isolation");
  app.add_option("--listen", flags->listen, "host:port of the gRPC server; port 0 picks a free one")->capture_default_str();
  app.add_option("--metrics-listen", flags->metrics_listen, "host:port of /metrics")->capture_default_str();
  app.add_flag("--allow-remote", flags->allow_remote, "allow an address that is not loopback");
  app.add_option("--advertise-host", flags->advertise_host, "host under which others reach this service, for the registry; default: the one it listens on");
  app.add_option("--name", flags->name, "name of this service in logs")->capture_default_str();
  app.add_option("--endpoint-file", flags->endpoint_file, "where the addresses are written when the service is ready");
  CLI::Option* redis = app.add_option("--redis", flags->redis, "host:port of the Redis server whose registry shows this service, rediss://host:port for TLS");
  app.add_option("--run", flags->run, "name of the run it belongs to")->needs(redis);
  redis->needs(app.get_option("--run"));
  app.add_option("--slots", flags->slots, "programs that run at a time; 0 is one per core")->check(CLI::Range(0, kMaxSlots))->capture_default_str();
  app.add_option("--queue-capacity", flags->queue_capacity, "programs that may wait before batches are refused")
      ->check(CLI::Range(size_t{1}, size_t{1} << 20))
      ->capture_default_str();
  app.add_option("--cache-entries", flags->cache_entries, "judgements that are remembered; 0 remembers none, then a caller's deadline has to suffice for its batch")
      ->check(CLI::Range(size_t{0}, size_t{1} << 24))
      ->capture_default_str();
  app.add_option("--work-directory", flags->work_directory, "where programs are put; wants memory behind it (tmpfs, an emptyDir)")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  app.add_option("--python", flags->toolchain.python, "the Python 3 interpreter")->check(CLI::ExistingFile)->capture_default_str();
  app.add_option("--cxx", flags->toolchain.cxx, "the C++ compiler")->check(CLI::ExistingFile)->capture_default_str();
  std::string walls = "auto";
  app.add_option("--walls", walls, "namespaces, process, or auto: the strongest that can be built here")
      ->check(CLI::IsMember({"auto", "namespaces", "process"}))
      ->capture_default_str();
  app.add_flag("--allow-weak-isolation", flags->allow_weak_isolation, "run although neither gVisor nor Kata stands around this service");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (walls == "namespaces") flags->walls = Walls::kNamespaces;
  if (walls == "process") flags->walls = Walls::kProcess;
  return kGoOn;
}

}  // namespace cohort::coderunner
