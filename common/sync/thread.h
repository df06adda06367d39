#pragma once

#include <functional>
#include <string>
#include <thread>

namespace cohort::sync {

// A named thread that its destructor joins: whoever owns it makes its function return first (a StopToken, a closed queue). The name (15 characters
// count) is what `top -H`, gdb and the kernel's log show. Thread-compatible.
class Thread {
 public:
  Thread() = default;  // No thread.
  Thread(const std::string& name, std::function<void()> body);
  Thread(Thread&&) = default;
  // Joins the thread held until now.
  Thread& operator=(Thread&& other);
  ~Thread();

  // Waits for the end of the body; nothing when there is no thread or it was joined before.
  void Join();
  bool joinable() const { return thread_.joinable(); }

 private:
  std::thread thread_;
};

}  // namespace cohort::sync
