#include "services/reward/sandbox/probe.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace cohort::reward {
namespace {

constexpr size_t kOneGiB = size_t{1} << 30;
constexpr size_t kOnePage = 4096;

int TryFork() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  return child > 0 ? 0 : errno;
}

int TryMap(size_t bytes, int protection) {
  return mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

int TryExecute() {
  char* const arguments[] = {const_cast<char*>("/bin/true"), nullptr};
  char* const environment[] = {nullptr};
  execve(arguments[0], arguments, environment);
  return errno;
}

}  // namespace

const char* ToString(Probe probe) {
  switch (probe) {
    case Probe::kOpenFile: return "open a file";
    case Probe::kOpenSocket: return "open a socket";
    case Probe::kExecute: return "execute a program";
    case Probe::kFork: return "fork";
    case Probe::kMapExecutable: return "map executable memory";
    case Probe::kAllocate: return "allocate 1 GiB";
    case Probe::kSpin: return "spin for ever";
  }
  return "unknown";
}

int TryForbidden(Probe probe) {
  switch (probe) {
    case Probe::kOpenFile: return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : errno;
    case Probe::kOpenSocket: return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 ? 0 : errno;
    case Probe::kExecute: return TryExecute();
    case Probe::kFork: return TryFork();
    case Probe::kMapExecutable: return TryMap(kOnePage, PROT_READ | PROT_EXEC);
    case Probe::kAllocate: return TryMap(kOneGiB, PROT_READ | PROT_WRITE);
    case Probe::kSpin:
      for (volatile bool forever = true; forever;) {
      }
  }
  return EINVAL;
}

}  // namespace cohort::reward
