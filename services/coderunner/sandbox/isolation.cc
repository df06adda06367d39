#include "services/coderunner/sandbox/isolation.h"

#include <sys/klog.h>

#include "common/io/files.h"

namespace cohort::coderunner {
namespace {

constexpr int kReadAll = 3;  // SYSLOG_ACTION_READ_ALL
constexpr int kKernelLogBytes = 4096;

bool Contains(const std::string& text, const char* what) { return text.find(what) != std::string::npos; }

std::string KernelLog() {
  std::string log(kKernelLogBytes, '\0');
  const int got = klogctl(kReadAll, log.data(), kKernelLogBytes);
  log.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return log;
}

}  // namespace

std::string ToString(IsolationLevel level) {
  switch (level) {
    case IsolationLevel::kProcess: return "process";
    case IsolationLevel::kNamespaces: return "namespaces";
    case IsolationLevel::kGvisor: return "gvisor";
    case IsolationLevel::kKata: return "kata";
  }
  return "unknown";
}

bool IsStrong(IsolationLevel level) { return level >= IsolationLevel::kGvisor; }

RuntimeTraces RuntimeTraces::OfThisMachine() {
  return {io::ReadFile("/proc/version").value_or(""), io::ReadFile("/proc/cmdline").value_or(""), io::ReadFile("/proc/mounts").value_or(""), KernelLog()};
}

IsolationLevel LevelOf(const RuntimeTraces& traces, Walls walls) {
  if (Contains(traces.mounts, "kataShared") || Contains(traces.command_line, "kata-containers.target")) return IsolationLevel::kKata;
  if (Contains(traces.kernel_log, "Starting gVisor") || Contains(traces.version, "gVisor")) return IsolationLevel::kGvisor;
  return walls == Walls::kNamespaces ? IsolationLevel::kNamespaces : IsolationLevel::kProcess;
}

}  // namespace cohort::coderunner
