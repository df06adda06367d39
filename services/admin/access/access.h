#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/tls/certificate.h"
#include "grpcpp/server_context.h"

namespace cohort::admin {

// What a caller may do; an operator may do all that a viewer may.
enum class Role { kViewer, kOperator };

// Who calls.
struct Caller {
  std::string name;  // As it goes into audit events.
  Role role = Role::kViewer;
};

// Decides who may do what. A caller with a client certificate (mutual TLS) is who its common name says, in the role that its subject's organization
// `cohort:viewer` or `cohort:operator` says; one whose certificate names neither needs a token. Without a token file a caller without a certificate is an operator, and is called what it calls itself (metadata `cohort-actor`). With one, a call needs metadata `authorization: Bearer TOKEN`; the file has lines "ROLE NAME TOKEN" (role viewer or operator, "#" begins
// a comment) and is read anew when it changes; one that has become unreadable keeps what was read last. Thread-safe.
class Access {
 public:
  // INVALID_ARGUMENT names the file and the line. An empty path is no token file.
  static absl::StatusOr<std::unique_ptr<Access>> Create(const std::string& token_file);

  // Who makes this call. UNAUTHENTICATED (reason NO_CREDENTIALS) or PERMISSION_DENIED (reason ROLE_MISSING) when it may not.
  absl::StatusOr<Caller> Check(const grpc::ServerContext& context, Role needed) ABSL_LOCKS_EXCLUDED(mutex_);
  // The same for a caller that has sent `authorization`, "Bearer TOKEN".
  absl::StatusOr<Caller> CheckHeader(const std::string& authorization, Role needed) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  explicit Access(std::string token_file) : token_file_(std::move(token_file)) {}
  // Who a certificate says that it is; nothing when it names no role.
  static std::optional<Caller> CertifiedCaller(const tls::Certificate& certificate);
  absl::Status Load() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string token_file_;
  absl::Mutex mutex_;
  std::map<std::string, Caller> callers_ ABSL_GUARDED_BY(mutex_);  // By token.
  std::string stamp_ ABSL_GUARDED_BY(mutex_);                      // Of the file that was read.
};

}  // namespace cohort::admin
