#include "services/admin/access/access.h"

#include <sys/stat.h>

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/io/files.h"
#include "common/log/log.h"
#include "common/rpc/tls.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::admin {
namespace {

constexpr absl::string_view kViewers = "cohort:viewer";
constexpr absl::string_view kOperators = "cohort:operator";
constexpr size_t kShortestToken = 16;
constexpr size_t kLongestName = 64;

// Changes whenever the file does.
std::string StampOf(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return "";
  return absl::StrCat(info.st_ino, ":", info.st_size, ":", info.st_mtim.tv_sec, ":", info.st_mtim.tv_nsec);
}

std::string MetadataOf(const grpc::ServerContext& context, const char* key) {
  const auto found = context.client_metadata().find(key);
  return found == context.client_metadata().end() ? "" : std::string(found->second.data(), found->second.size());
}

// A name as it may stand in events: printable, without spaces, not long.
std::string CleanName(const std::string& name) {
  std::string clean = name.substr(0, kLongestName);
  for (char& c : clean) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c))) c = '_';
  }
  return clean;
}

absl::StatusOr<Caller> Allowed(const Caller& caller, Role needed) {
  if (needed == Role::kViewer || caller.role == Role::kOperator) return caller;
  return ErrorWithReason(absl::StatusCode::kPermissionDenied, "ROLE_MISSING", absl::StrCat(caller.name, " is a viewer; this needs the role operator"));
}

// Whether two strings are equal, in a time that does not tell where they differ.
bool EqualInConstantTime(const std::string& a, const std::string& b) {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

absl::StatusOr<std::map<std::string, Caller>> Parse(const std::string& text, const std::string& path) {
  std::map<std::string, Caller> callers;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const std::vector<std::string> parts = absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    const bool good = parts.size() == 3 && (parts[0] == "viewer" || parts[0] == "operator") && parts[2].size() >= kShortestToken;
    if (!good) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": not 'viewer NAME TOKEN' or 'operator NAME TOKEN' with a token of at least ",
                                                     kShortestToken, " characters"));
    }
    callers[parts[2]] = {CleanName(parts[1]), parts[0] == "operator" ? Role::kOperator : Role::kViewer};
  }
  if (callers.empty()) return absl::InvalidArgumentError(absl::StrCat(path, ": holds no token, so that nobody could call"));
  return callers;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Access>> Access::Create(const std::string& token_file) {
  std::unique_ptr<Access> access(new Access(token_file));
  absl::MutexLock lock(&access->mutex_);
  if (!token_file.empty()) COHORT_RETURN_IF_ERROR(access->Load());
  return access;
}

absl::Status Access::Load() {
  const std::string stamp = StampOf(token_file_);
  if (stamp == stamp_ && !stamp.empty()) return absl::OkStatus();
  COHORT_ASSIGN_OR_RETURN(const std::string text, io::ReadFile(token_file_));
  COHORT_ASSIGN_OR_RETURN(callers_, Parse(text, token_file_));
  stamp_ = stamp;
  return absl::OkStatus();
}

std::optional<Caller> Access::CertifiedCaller(const tls::Certificate& certificate) {
  std::optional<Caller> caller;
  for (const std::string& organization : certificate.organizations) {
    if (organization != kViewers && organization != kOperators) continue;
    if (!caller.has_value()) caller = Caller{CleanName(certificate.common_name), Role::kViewer};
    if (organization == kOperators) caller->role = Role::kOperator;
  }
  return caller;
}

absl::StatusOr<Caller> Access::Check(const grpc::ServerContext& context, Role needed) {
  if (const auto certificate = rpc::PeerCertificate(*context.auth_context()); certificate.ok()) {
    if (const std::optional<Caller> caller = CertifiedCaller(*certificate); caller.has_value()) return Allowed(*caller, needed);
    if (token_file_.empty()) {
      return ErrorWithReason(absl::StatusCode::kPermissionDenied, "ROLE_MISSING",
                             absl::StrCat("the certificate of '", CleanName(certificate->common_name), "' names no role: its subject needs the organization ",
                                          kViewers, " or ", kOperators));
    }
  }
  if (token_file_.empty()) {
    const std::string claimed = CleanName(MetadataOf(context, "cohort-actor"));
    return Caller{claimed.empty() ? "anonymous" : claimed, Role::kOperator};
  }
  return CheckHeader(MetadataOf(context, "authorization"), needed);
}

absl::StatusOr<Caller> Access::CheckHeader(const std::string& authorization, Role needed) {
  if (token_file_.empty()) return Caller{"anonymous", Role::kOperator};
  absl::string_view token = authorization;
  if (!absl::ConsumePrefix(&token, "Bearer ")) {
    return ErrorWithReason(absl::StatusCode::kUnauthenticated, "NO_CREDENTIALS", "a token is needed: pass --token-file, or metadata 'authorization: Bearer TOKEN'");
  }
  absl::MutexLock lock(&mutex_);
  if (const absl::Status loaded = Load(); !loaded.ok()) COHORT_LOG(ERROR) << "the tokens stay as they were: " << loaded.message();
  const Caller* caller = nullptr;
  for (const auto& [known, candidate] : callers_) {
    if (EqualInConstantTime(known, std::string(token))) caller = &candidate;
  }
  if (caller == nullptr) return ErrorWithReason(absl::StatusCode::kUnauthenticated, "NO_CREDENTIALS", "the token is not known");
  return Allowed(*caller, needed);
}

}  // namespace cohort::admin
