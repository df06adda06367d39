#include "common/sandbox/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "common/sandbox/unique_fd.h"
#include "common/status/status_macros.h"

namespace cohort::sandbox {
namespace {

// Numbers of the kernel's interface, written out because the headers of the build machine may be older than the kernel it runs on.
constexpr long kCreateRuleset = 444;
constexpr long kAddRule = 445;
constexpr long kRestrictSelf = 446;
constexpr uint32_t kAskVersion = 1;
constexpr int kPathBeneath = 1;

struct RulesetAttributes {
  uint64_t handled_access_fs = 0;
  uint64_t handled_access_net = 0;  // From ABI 4.
  uint64_t scoped = 0;              // From ABI 6.
};

// Rights are numbered from bit 0; each ABI knows so many of them.
constexpr uint64_t FirstBits(int count) { return (uint64_t{1} << count) - 1; }

uint64_t FileRights(int abi) {
  if (abi >= 5) return FirstBits(16);  // ioctl on devices
  if (abi >= 3) return FirstBits(15);  // truncate
  if (abi >= 2) return FirstBits(14);  // refer
  return FirstBits(13);
}

size_t AttributeBytes(int abi) {
  if (abi >= 6) return sizeof(RulesetAttributes);
  return abi >= 4 ? offsetof(RulesetAttributes, scoped) : offsetof(RulesetAttributes, handled_access_net);
}

// Of a rule; a file knows fewer rights than a directory.
constexpr uint64_t kExecute = 1 << 0;
constexpr uint64_t kWriteFile = 1 << 1;
constexpr uint64_t kReadFile = 1 << 2;
constexpr uint64_t kReadDirectory = 1 << 3;
constexpr uint64_t kTruncate = 1 << 14;
constexpr uint64_t kIoctlDevice = 1 << 15;
constexpr uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDevice;
constexpr uint64_t kReading = kExecute | kReadFile | kReadDirectory;

struct __attribute__((packed)) PathBeneath {
  uint64_t allowed_access = 0;
  int32_t parent = -1;
};

absl::Status AddRule(int rules, const PathRule& rule, uint64_t handled) {
  const UniqueFd path(open(rule.path.c_str(), O_PATH | O_CLOEXEC));
  if (!path.valid() && errno == ENOENT) return absl::OkStatus();
  struct stat kind {};
  if (!path.valid() || fstat(path.get(), &kind) != 0) return absl::ErrnoToStatus(errno, rule.path);
  PathBeneath beneath;
  beneath.allowed_access = (rule.write ? handled : kReading) & handled & (S_ISDIR(kind.st_mode) ? ~uint64_t{0} : kOfFiles);
  beneath.parent = path.get();
  if (syscall(kAddRule, rules, kPathBeneath, &beneath, 0) != 0) return absl::ErrnoToStatus(errno, rule.path + ": landlock_add_rule");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int> RestrictByLandlock(const std::vector<PathRule>& rules) {
  const long abi = syscall(kCreateRuleset, nullptr, 0, kAskVersion);
  if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM || errno == EACCES)) return 0;
  if (abi < 0) return absl::ErrnoToStatus(errno, "landlock_create_ruleset");
  RulesetAttributes attributes;
  attributes.handled_access_fs = FileRights(static_cast<int>(abi));
  if (abi >= 4) attributes.handled_access_net = FirstBits(2);
  if (abi >= 6) attributes.scoped = FirstBits(2);
  const UniqueFd ruleset(static_cast<int>(syscall(kCreateRuleset, &attributes, AttributeBytes(static_cast<int>(abi)), 0)));
  if (!ruleset.valid()) return absl::ErrnoToStatus(errno, "landlock_create_ruleset");
  for (const PathRule& rule : rules) COHORT_RETURN_IF_ERROR(AddRule(ruleset.get(), rule, attributes.handled_access_fs));
  if (syscall(kRestrictSelf, ruleset.get(), 0) != 0) return absl::ErrnoToStatus(errno, "landlock_restrict_self");
  return static_cast<int>(abi);
}

int LandlockAbi() {
  const long abi = syscall(kCreateRuleset, nullptr, 0, kAskVersion);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

absl::StatusOr<int> DenyAllByLandlock() { return RestrictByLandlock({}); }

}  // namespace cohort::sandbox
