#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/tls/files.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"

namespace cohort::rpc {

// Mutual TLS between the services of a run, where the environment asks for it: COHORT_TLS_CERT, COHORT_TLS_KEY and COHORT_TLS_CA name PEM files, which are read
// anew when they change. Every service is a server and a client with the same certificate; who has none of that authority with that name speaks with nobody. Children
// inherit it, and rpc::Server and rpc::Connect() take it where they are given no credentials of their own. See common/adr/0009.

// The subjectAltName (DNS) that the certificate of every service has, as a server and as a client. Clients ask for it and not for the host, since services are
// addressed by the addresses of pods, which no certificate can know; people's certificates of the same authority do not have it.
inline constexpr char kServiceName[] = "cohort";

// The files of the environment; empty where services speak plaintext.
tls::Files ServiceTlsFiles();

// Whether the files of the environment, if there are any, can be used now. INVALID_ARGUMENT names the variable or the file to correct, NOT_FOUND a file that is
// missing.
absl::Status CheckServiceTls();

// Null for plaintext. Errors of CheckServiceTls().
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServiceServerCredentials();

// Null for plaintext. Those of the process, shared by all channels. With files that cannot be used (that is logged) calls end as with a server that is not
// there, until the files can; with a variable missing, for good.
std::shared_ptr<grpc::ChannelCredentials> ServiceChannelCredentials();

// Where a server with TLS answers grpc.health.v1 in plaintext, and nothing else, for the probes of a kubelet, which know no TLS: COHORT_PROBE_LISTEN,
// "" for nowhere.
std::string ProbeAddress();

}  // namespace cohort::rpc
