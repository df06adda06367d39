#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/tls/certificate.h"
#include "common/tls/files.h"
#include "grpcpp/security/auth_context.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/security/tls_certificate_verifier.h"

namespace cohort::rpc {

// The files of one end. Both ends read them anew within a second after they have changed: renewed certificates need no restart. Exchange certificate and key at
// once, as the symbolic link of a mounted Secret does: half a file, or a key that does not fit, ends new handshakes until that is mended, while a missing file
// leaves what was read before in use. Connections that stand go on in any case.
using TlsFiles = tls::Files;

// Credentials of a server, TLS 1.2 or newer. NOT_FOUND names the file that is missing, INVALID_ARGUMENT the one that is no PEM, has expired, or does not fit.
// With a `verifier` it has the last word about callers whose certificate is of `ca`.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerTls(const TlsFiles& files,
                                                                   std::shared_ptr<grpc::experimental::CertificateVerifier> verifier = nullptr);

// Credentials of a client: it trusts `ca`, and shows `certificate` where there is one. The server's certificate must name the host of the address. Errors as
// above.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientTls(const TlsFiles& files);

// The same without a look at the files: as long as they cannot be used, calls end as with a server that is not there.
std::shared_ptr<grpc::ChannelCredentials> WatchedClientTls(const TlsFiles& files);

// The certificate that the other end of a call has shown. NOT_FOUND when it has shown none.
absl::StatusOr<tls::Certificate> PeerCertificate(const grpc::AuthContext& context);

}  // namespace cohort::rpc
