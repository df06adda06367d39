#include "common/log/log.h"

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace cohort::log {
namespace {

absl::Mutex& ContextMutex() {
  static absl::Mutex* const mutex = new absl::Mutex;
  return *mutex;
}

std::string& ContextText() {
  static std::string* const text = new std::string;
  return *text;
}

}  // namespace

void Initialize(const char* program) {
  FLAGS_logtostderr = true;
  FLAGS_log_utc_time = true;
  google::InitGoogleLogging(program);
}

void SetContext(const std::string& context) {
  absl::MutexLock lock(&ContextMutex());
  ContextText() = context.empty() ? "" : "[" + context + "] ";
}

std::string Context() {
  absl::MutexLock lock(&ContextMutex());
  return ContextText();
}

}  // namespace cohort::log
