#include "tests/bench/reward/service_load.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "absl/time/clock.h"
#include "common/process/child_process.h"
#include "common/rpc/client.h"

namespace cohort::reward {
namespace {

constexpr size_t kBatch = 256;

// Own time and that of children that were waited for, from /proc/PID/stat.
double CpuSecondsOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const size_t after_name = line.rfind(')');
  if (after_name == std::string::npos) return 0;
  std::istringstream fields(line.substr(after_name + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;  // state .. cmajflt
  double ticks = 0, sum = 0;
  for (int i = 0; i < 4 && fields >> ticks; ++i) sum += ticks;  // utime stime cutime cstime
  return sum / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

ServiceCpu CpuOf(RewardProcess& service) {
  ServiceCpu cpu;
  cpu.front = CpuSecondsOf(service.process().pid());
  for (const pid_t zygote : ChildrenOf(service.process().pid())) cpu.workers += CpuSecondsOf(zygote);
  for (const pid_t worker : service.Workers()) cpu.workers += CpuSecondsOf(worker);
  return cpu;
}

int64_t ResidentBytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  int64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

size_t StreamAll(RewardProcess& service, const std::vector<Sample>& samples) {
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + absl::Hours(1));
  const auto stream = service.stub().ScoreStream(&context);
  std::thread writer([&] {
    for (size_t begin = 0; begin < samples.size(); begin += kBatch) {
      v1::ScoreStreamRequest request;
      for (size_t i = begin; i < std::min(samples.size(), begin + kBatch); ++i) FillItem(samples[i], *request.add_items());
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
  });
  size_t results = 0;
  for (v1::ScoreStreamResponse response; stream->Read(&response);) results += static_cast<size_t>(response.results_size());
  writer.join();
  const grpc::Status ended = stream->Finish();
  if (!ended.ok()) std::fprintf(stderr, "the stream failed: %s\n", ended.error_message().c_str());
  return results;
}

void UseBinariesOfThisBuild() { setenv("COHORT_BIN", (process::BinaryDirectory() + "/..").c_str(), /*overwrite=*/0); }

}  // namespace cohort::reward
