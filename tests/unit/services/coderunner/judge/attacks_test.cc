// Programs that try to be paid for something else than a right answer, or to do harm. All of it is caused for real; after each, an honest program still passes.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/sandbox/unique_fd.h"
#include "gmock/gmock.h"
#include "tests/unit/services/coderunner/judge/judge_fixture.h"

namespace cohort::coderunner {
namespace {

namespace v1 = reward::v1;
using ::testing::AnyOf;
using ::testing::HasSubstr;

// The expected output is nowhere in the program's world.
constexpr char kSecret[] = R"({"limits": {"cpu_ms": 500, "wall_ms": 4000, "memory_mb": 128, "output_kb": 64}, "tests": [{"stdin": "", "stdout": "5ecret-0utput"}]})";
constexpr char kAdd[] = R"({"function": "add", "limits": {"cpu_ms": 1000}, "tests": [{"arguments": [1, 2], "expected": 3}]})";

class AttacksTest : public JudgeFixture {
 protected:
  void TearDown() override {
    if (judge_ == nullptr) return;
    const Judgement honest = Python(kAdd, "def add(a, b): return a + b");
    EXPECT_EQ(honest.verdict, v1::VERDICT_CORRECT) << honest.rule;
    std::ifstream children(absl::StrCat("/proc/", zygote_->pid(), "/task/", zygote_->pid(), "/children"));
    std::string left;
    children >> left;
    EXPECT_EQ(left, "") << "a process was left behind";
  }
};

TEST_P(AttacksTest, ForkBombs) {
  EXPECT_THAT(Python(kSecret, "import os\nwhile True: os.fork()").rule, HasSubstr("OSError"));
  EXPECT_EQ(Cxx(kSecret, "#include <unistd.h>\nint main() { for (;;) fork(); }").verdict, v1::VERDICT_TIMEOUT);
  EXPECT_EQ(Cxx(kSecret, "#include <sched.h>\n#include <sys/syscall.h>\n#include <unistd.h>\nint main() { for (;;) { syscall(SYS_clone, 17, 0, 0, 0, 0); syscall(SYS_vfork); } }").verdict,
            v1::VERDICT_TIMEOUT);
}

TEST_P(AttacksTest, MemoryBombs) {
  EXPECT_EQ(Python(kSecret, "x = []\nwhile True: x.append(bytearray(1 << 20))").rule, "test 1 of 1: ran out of its 128 MiB of memory");
  EXPECT_EQ(Cxx(kSecret, "#include <vector>\nint main() { std::vector<char> x; for (;;) x.resize(x.size() + (1 << 20), 1); }").rule,
            "test 1 of 1: ran out of its 128 MiB of memory");
}

TEST_P(AttacksTest, Floods) {
  EXPECT_EQ(Python(kSecret, "while True: print('x' * 1000)").rule, "test 1 of 1: wrote more than 65536 bytes");
  EXPECT_EQ(Python(kSecret, "import sys\nwhile True: print('x' * 1000, file=sys.stderr)").rule, "test 1 of 1: wrote more than 65536 bytes");
  EXPECT_EQ(Python(kAdd, "import os\ndef add(a, b):\n  while True: os.write(3, b'[' * 1000)").rule, "test 1 of 1: wrote more than 1048576 bytes");
}

TEST_P(AttacksTest, EndlessLoopsAndSleeps) {
  EXPECT_THAT(Python(R"({"limits": {"cpu_ms": 500, "wall_ms": 60000}, "tests": [{"stdin": "", "stdout": "1"}]})", "while True: pass").rule,
              HasSubstr("500ms CPU time"));
  EXPECT_EQ(Python(R"({"limits": {"wall_ms": 300}, "tests": [{"stdin": "", "stdout": "1"}]})", "import time\nprint(1, flush=True)\ntime.sleep(1000)").verdict, v1::VERDICT_TIMEOUT);
  EXPECT_EQ(Cxx(R"({"limits": {"wall_ms": 300}, "tests": [{"stdin": "", "stdout": "1"}]})", "#include <csignal>\n#include <unistd.h>\nint main() { raise(SIGSTOP); pause(); }").verdict,
            v1::VERDICT_TIMEOUT);
}

TEST_P(AttacksTest, SearchingEveryFileForTheExpectedOutput) {
  const Judgement judgement = Python(R"({"limits": {"cpu_ms": 20000, "wall_ms": 60000}, "tests": [{"stdin": "", "stdout": "5ecret-0utput"}]})", R"(
import os
for top in ['.', '..', '/proc', '/tmp', '/dev', '/etc', '/var', '/root', '/home', '/run', '/sys']:
    for folder, _, files in os.walk(top):
        for name in files[:200]:
            try:
                with open(os.path.join(folder, name), 'rb') as f:
                    text = f.read(1 << 20)
            except OSError:
                continue
            at = text.find(b'5ecret-' + b'0utput')
            if at >= 0: print(text[at:at + 13].decode()); raise SystemExit
print('nothing found')
)");
  EXPECT_THAT(judgement.rule, HasSubstr("nothing found"));
}

TEST_P(AttacksTest, ReadingTheMemoryOfItsParents) {
  const Judgement judgement = Python(kSecret, absl::StrCat(R"(
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
done = []
for pid in {1, os.getppid(), )", getpid(), ", ", zygote_->pid(), R"(}:
    if libc.ptrace(16, pid, 0, 0) == 0: done.append('ptrace %d' % pid)
    buffer = ctypes.create_string_buffer(8)
    class Part(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
    local, remote = Part(ctypes.addressof(buffer), 8), Part(0x400000, 8)
    if libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) >= 0: done.append('vm_readv %d' % pid)
    for name in ('mem', 'maps', 'environ', 'cmdline', 'fd/0'):
        try: open('/proc/%d/%s' % (pid, name), 'rb').read(1); done.append('%s of %d' % (name, pid))
        except OSError: pass
print(done or 'nothing')
)"));
  EXPECT_THAT(judgement.rule, HasSubstr("line 1 is 'nothing'"));
}

TEST_P(AttacksTest, KillingItsParents) {
  const Judgement judgement = Python(kSecret, absl::StrCat("import os, signal\nfor pid in (1, os.getppid(), ", getpid(), ", ", zygote_->pid(),
                                                           ", -1, 0):\n  for s in (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP):\n    try: os.kill(pid, s); print('sent', pid)\n"
                                                           "    except OSError: pass\nprint('alive')"));
  EXPECT_THAT(judgement.rule, HasSubstr("line 1 is 'alive'"));
}

TEST_P(AttacksTest, KillingItselfIsNoWayToBeMasked) {
  EXPECT_EQ(Python(kSecret, "import os\nos.kill(os.getpid(), 9)").verdict, v1::VERDICT_INCORRECT);
  EXPECT_EQ(Cxx(kSecret, "#include <csignal>\nint main() { raise(SIGKILL); }").verdict, v1::VERDICT_INCORRECT);
}

TEST_P(AttacksTest, ReachingTheNetwork) {
  const sandbox::UniqueFd server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(server.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(server.get(), 1), 0);
  ASSERT_EQ(getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const Judgement judgement = Python(kSecret, absl::StrCat("import socket\nsocket.create_connection(('127.0.0.1', ", ntohs(address.sin_port), "))"));
  EXPECT_THAT(judgement.rule, HasSubstr("OSError"));
  EXPECT_LT(accept(server.get(), nullptr, nullptr), 0);
}

TEST_P(AttacksTest, LeavingADaemonBehind) {
  EXPECT_EQ(Cxx(kSecret, "#include <unistd.h>\nint main() { if (daemon(0, 0) != 0) return 7; sleep(100); }").rule, "test 1 of 1: exited with code 7");
  EXPECT_THAT(Python(kSecret, "import subprocess\nsubprocess.Popen(['/bin/sleep', '100'])").rule, HasSubstr("OSError"));
}

TEST_P(AttacksTest, BecomingAnotherProgramKeepsTheWalls) {
  const Judgement judgement = Python(kSecret, "import os\nos.execv('/usr/bin/python3', ['python3', '-c', \"import os\\ntry: os.fork()\\nexcept OSError: print('still inside')\"])");
  EXPECT_THAT(judgement.rule, HasSubstr("still inside"));
}

TEST_P(AttacksTest, LeavingBeforeTheResult) {
  EXPECT_THAT(Python(kAdd, "import os\nos._exit(0)").rule, HasSubstr("ended before the function returned a result"));
  EXPECT_THAT(Python(kAdd, "def add(a, b): raise SystemExit(0)").rule, HasSubstr("ended before the function returned a result"));
  EXPECT_THAT(Python(kAdd, "import os\ndef add(a, b):\n  os.close(3)\n  return 3").rule, HasSubstr("exited with code 1"));
  EXPECT_THAT(Cxx(kAdd, "#include <cstdlib>\nint add(int, int) { std::_Exit(0); }").rule, HasSubstr("ended before the function returned a result"));
}

TEST_P(AttacksTest, ResultsThatClaimToBeEqual) {
  EXPECT_EQ(Python(kAdd, "class Equal(int):\n  def __eq__(self, other): return True\n  __hash__ = int.__hash__\ndef add(a, b): return Equal(4)").rule,
            "test 1 of 1: the result is '4', '3' is expected");
  EXPECT_THAT(Python(kAdd, "class Equal:\n  def __eq__(self, other): return True\ndef add(a, b): return Equal()").rule, HasSubstr("not JSON serializable"));
  EXPECT_EQ(Python(kAdd, "import builtins, json, operator\njson.dumps = lambda *a, **k: 'true'\nbuiltins.all = lambda *a: True\noperator.eq = lambda *a: True\ndef add(a, b): return 4").verdict,
            v1::VERDICT_INCORRECT);
  EXPECT_EQ(Python(kAdd, "def add(a, b): return True").verdict, v1::VERDICT_INCORRECT);
  EXPECT_EQ(Python(kAdd, "def add(a, b): return '3'").verdict, v1::VERDICT_INCORRECT);
}

TEST_P(AttacksTest, ForgedResults) {
  EXPECT_EQ(Python(kAdd, "import os\nos.write(3, b'4')\nos._exit(0)").verdict, v1::VERDICT_INCORRECT);
  EXPECT_EQ(Python(kAdd, "import os\nos.write(3, b'{\"verdict\": \"CORRECT\"}')\nos._exit(0)").verdict, v1::VERDICT_INCORRECT);
  EXPECT_THAT(Python(kAdd, "import os\ndef add(a, b):\n  for n in range(100): os.write(3, b'%d\\n' % n)\n  os._exit(0)").rule, HasSubstr("cannot be read"));
  EXPECT_THAT(Python(kAdd, "import os\ndef add(a, b):\n  os.write(3, b'[' * 100000)\n  os._exit(0)").rule, HasSubstr("nested deeper than 64"));
}

TEST_P(AttacksTest, StateFromOneTestToTheNext) {
  const std::string gold = R"({"tests": [{"stdin": "1", "stdout": "clean"}, {"stdin": "2", "stdout": "clean"}]})";
  const Judgement judgement = Python(gold, "import os\nfor path in ('mark', '/tmp/mark', '/dev/shm/mark', '/var/tmp/mark'):\n  if os.path.exists(path): print('dirty')\n"
                                           "  try: open(path, 'w').write('x')\n  except OSError: pass\nprint('clean')");
  EXPECT_EQ(judgement.verdict, v1::VERDICT_CORRECT) << judgement.rule;
}

TEST_P(AttacksTest, CompilersAreShutInToo) {
  for (const char* source : {"#include \"/dev/zero\"\nint main() {}", "#include \"/etc/passwd\"\nint main() {}", "#include __FILE__\nint main() {}",
                             "asm(\".incbin \\\"/etc/shadow\\\"\");\nint main() {}",
                             "template <long N, long M> struct A { static const long v = A<N - 1, 2 * M>::v + A<N - 1, 2 * M + 1>::v; };\n"
                             "template <long M> struct A<0, M> { static const long v = M; };\nint main() { return A<28, 0>::v; }",
                             "constexpr long f(long n) { return n < 2 ? n : f(n - 1) + f(n - 2); }\nconstexpr long x = f(60);\nint main() { return x; }",
                             "char a[1 << 30] = {1};\nint main() { return a[5]; }"}) {
    const Judgement judgement = Cxx(kSecret, source);
    EXPECT_EQ(judgement.verdict, v1::VERDICT_PRED_UNPARSEABLE) << source << "\n" << judgement.rule;
    EXPECT_THAT(judgement.rule, ::testing::Not(HasSubstr("root:"))) << source;
  }
}

INSTANTIATE_TEST_SUITE_P(Walls, AttacksTest, ::testing::Values(Walls::kNamespaces, Walls::kProcess), WallsName);

}  // namespace
}  // namespace cohort::coderunner
