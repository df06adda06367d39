#include "services/reward/server/flags.h"

#include <algorithm>
#include <thread>

#include "CLI/CLI.hpp"

namespace cohort::reward {
namespace {

constexpr int kUsage = 2;
constexpr int kGoOn = -1;

}  // namespace

WorkerPool::Options Flags::PoolOptions() const {
  WorkerPool::Options options;
  options.workers = sandbox_workers > 0 ? sandbox_workers : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  options.check_deadline = absl::Milliseconds(check_deadline_ms);
  options.queue_capacity = queue_capacity;
  options.cache_entries = cache_entries;
  return options;
}

int ParseFlags(int argc, char** argv, Flags* flags) {
  CLI::App app("Grades completions by rule, inside sandboxed worker processes.", "cohort-reward");
  app.footer("Example:\n  cohort-reward --listen 127.0.0.1:7003 --sandbox-workers 4");
  app.add_option("--listen", flags->listen, "host:port of the gRPC server; port 0 picks a free one")->capture_default_str();
  app.add_option("--metrics-listen", flags->metrics_listen, "host:port of /metrics")->capture_default_str();
  app.add_flag("--allow-remote", flags->allow_remote, "allow an address that is not loopback");
  app.add_option("--advertise-host", flags->advertise_host, "host under which others reach this service, for the registry; default: the one it listens on");
  app.add_option("--name", flags->name, "name of this service in logs")->capture_default_str();
  app.add_option("--endpoint-file", flags->endpoint_file, "where the addresses are written when the service is ready");
  CLI::Option* redis = app.add_option("--redis", flags->redis, "host:port of the Redis server whose registry shows this service, rediss://host:port for TLS");
  app.add_option("--run", flags->run, "name of the run it belongs to")->needs(redis);
  redis->needs(app.get_option("--run"));
  app.add_option("--sandbox-workers", flags->sandbox_workers, "worker processes; 0 is one per core")->check(CLI::Range(0, 1024))->capture_default_str();
  app.add_option("--check-deadline-ms", flags->check_deadline_ms, "time of one check before its worker is killed")
      ->check(CLI::Range(1, 60'000))
      ->capture_default_str();
  app.add_option("--queue-capacity", flags->queue_capacity, "checks that may wait before batches are refused")
      ->check(CLI::Range(size_t{1}, size_t{1} << 24))
      ->capture_default_str();
  app.add_option("--cache-entries", flags->cache_entries, "results that are remembered; 0 remembers none")
      ->check(CLI::Range(size_t{0}, size_t{1} << 24))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return kGoOn;
}

}  // namespace cohort::reward
