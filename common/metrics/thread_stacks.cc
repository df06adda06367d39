// LibTorch's libraries, and more so CUDA's, have a lot of static thread-local variables, for which glibc takes room from the stack of every thread. The server
// of /metrics (civetweb, behind prometheus-cpp) asks for stacks of 100 KiB: with LibTorch its threads ran over them, with CUDA none could begin. Small stacks
// are made larger. This definition stands before that of the C library.
#include <dlfcn.h>
#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace {

constexpr size_t kSmallestStack = size_t{1} << 20;

}  // namespace

extern "C" __attribute__((visibility("default"))) int pthread_attr_setstacksize(pthread_attr_t* attributes, size_t size) noexcept {
  using Function = int (*)(pthread_attr_t*, size_t);
  static const auto next = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "pthread_attr_setstacksize"));
  return next == nullptr ? ENOSYS : next(attributes, std::max(size, kSmallestStack));
}
