#include "services/coderunner/server/flags.h"

#include <algorithm>
#include <map>
#include <thread>

#include "CLI/CLI.hpp"
#include "common/status/exit_code.h"

namespace cohort::coderunner {
namespace {

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
  rpc::AddServiceFlags(app, *flags);
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
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (walls == "namespaces") flags->walls = Walls::kNamespaces;
  if (walls == "process") flags->walls = Walls::kProcess;
  return kGoOn;
}

}  // namespace cohort::coderunner
