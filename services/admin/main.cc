#include <iostream>
#include <memory>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/metrics/process_metrics.h"
#include "common/redis/command_stats.h"
#include "common/registry/record.h"
#include "common/registry/registration.h"
#include "common/rpc/endpoint_file.h"
#include "common/rpc/server.h"
#include "common/rpc/service_tls.h"
#include "common/rpc/tls.h"
#include "common/status/exit_code.h"
#include "common/status/status_macros.h"
#include "common/sync/signals.h"
#include "services/admin/observe/cluster_metrics.h"
#include "services/admin/scale/deletion_cost_loop.h"
#include "services/admin/scale/kubernetes_pods.h"
#include "services/admin/scale/kubernetes_scaler.h"
#include "services/admin/server/admin_service.h"
#include "services/admin/web/web_server.h"

namespace cohort::admin {
namespace {

constexpr absl::Duration kGrace = absl::Seconds(1);

// The command line.
struct Flags {
  std::string redis;
  std::string run;
  std::string name = "cohort-admin";
  std::string listen = "127.0.0.1:0";
  std::string metrics_listen = "127.0.0.1:0";
  std::string web_listen;
  std::string endpoint_file;
  std::string token_file;
  std::string advertise_host;
  std::string kubernetes_deployment;
  std::string kubernetes_account = kServiceAccountFolder;
  bool kubernetes_pod_deletion_cost = false;
  rpc::TlsFiles tls;
  bool allow_remote = false;
};

absl::Status Serve(Flags flags, const sync::SignalWaiter& signals) {
  COHORT_RETURN_IF_ERROR(rpc::CheckServiceTls());
  // The certificate that the services show each other, where people get none of their own: who calls then needs one with a role.
  if (!flags.tls.any()) flags.tls = rpc::ServiceTlsFiles();
  COHORT_ASSIGN_OR_RETURN(const auto access, Access::Create(flags.token_file));
  metrics::Registry metrics;
  const auto process_metrics = metrics::ExportProcessMetrics(metrics, "admin");
  const auto redis_metrics = redis::ExportRedisMetrics(metrics);
  COHORT_ASSIGN_OR_RETURN(const int metrics_port, metrics.Serve(flags.metrics_listen));

  std::unique_ptr<Scaler> scaler;
  if (!flags.kubernetes_deployment.empty()) {
    COHORT_ASSIGN_OR_RETURN(scaler, KubernetesScaler::InCluster(flags.kubernetes_deployment, flags.kubernetes_account));
  }
  Cluster cluster(flags.redis, flags.run, std::move(scaler), &metrics);
  std::unique_ptr<DeletionCostLoop> deletion_costs;
  if (flags.kubernetes_pod_deletion_cost) {
    COHORT_ASSIGN_OR_RETURN(auto pods, KubernetesPods::InCluster(flags.kubernetes_account));
    deletion_costs = std::make_unique<DeletionCostLoop>(cluster, std::move(pods));
  }
  QueueRates queue(flags.redis, flags.run);
  const ClusterMetrics cluster_metrics(metrics, cluster, queue);
  RequestLog requests(flags.redis, flags.run);
  Operations operations(flags.redis, flags.run);
  AdminServiceImpl service({cluster, queue, requests, operations, *access, flags.redis, flags.name});
  const bool anybody = flags.token_file.empty() && flags.tls.ca.empty();
  if (anybody && !flags.allow_remote && !rpc::IsLoopback(flags.listen)) {
    return absl::InvalidArgumentError(absl::StrCat(flags.listen, ": everybody who reaches it would be an operator; give --token-file or --tls-ca, or pass --allow-remote"));
  }
  rpc::Server::Options options;
  options.address = flags.listen;
  options.open_controls = anybody;  // They would pass by roles; there an operator sets the log level by the API.
  options.allow_remote = flags.allow_remote;
  if (flags.tls.any()) {
    COHORT_ASSIGN_OR_RETURN(options.credentials, rpc::ServerTls(flags.tls));
  }
  options.services = {&service};
  options.metrics = &metrics;
  COHORT_ASSIGN_OR_RETURN(const auto server, rpc::Server::Start(options));
  rpc::Endpoints endpoints = {server->address(), rpc::WithPort(flags.metrics_listen, metrics_port)};
  std::unique_ptr<WebServer> web;
  if (!flags.web_listen.empty()) {
    COHORT_ASSIGN_OR_RETURN(web, WebServer::Start({flags.web_listen, flags.allow_remote}, cluster, queue, *access));
    endpoints.web = web->address();
    COHORT_LOG(INFO) << "the live page is http://" << web->address() << "/";
  }
  server->SetReady(true);
  const registry::v1::ServiceRecord record = registry::RecordOf(flags.name, registry::v1::SERVICE_ROLE_ADMIN, endpoints, flags.advertise_host);
  const registry::Registration registration({.redis = flags.redis, .run = flags.run, .record = record});
  COHORT_RETURN_IF_ERROR(rpc::WriteEndpointFile(flags.endpoint_file, endpoints));
  COHORT_LOG(INFO) << "serves on " << server->listens_on() << ", metrics on " << endpoints.metrics
                   << (anybody ? "; everybody who reaches it is an operator" : "");
  signals.WaitUntil(absl::InfiniteFuture());
  service.Stop();
  server->SetReady(false);
  server->Shutdown(absl::Now() + kGrace);
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  log::Initialize(argv[0]);
  CLI::App app("Cohort's admin service: watches and steers one run for people and tools", "cohort-admin");
  Flags flags;
  app.add_option("--redis", flags.redis, "HOST:PORT of the run's Redis server, rediss://HOST:PORT for TLS")->required();
  app.add_option("--run", flags.run, "Name of the run (run.name of its config)")->required();
  app.add_option("--name", flags.name, "Name in the registry and in logs")->capture_default_str();
  app.add_option("--listen", flags.listen, "Address of the gRPC service")->capture_default_str();
  app.add_option("--advertise-host", flags.advertise_host, "Host under which others reach this service, for the registry [the one it listens on]");
  app.add_option("--metrics-listen", flags.metrics_listen, "Address of /metrics")->capture_default_str();
  app.add_option("--web-listen", flags.web_listen, "Serve the live page over plain HTTP on this address [off]");
  app.add_option("--endpoint-file", flags.endpoint_file, "Write the bound addresses to this file");
  app.add_option("--token-file", flags.token_file, "Only callers with a token of this file: lines 'viewer NAME TOKEN' or 'operator NAME TOKEN'");
  app.add_option("--kubernetes-deployment", flags.kubernetes_deployment,
                 "Scale rollout workers through this Deployment of the pod's namespace [through `cohort run`]");
  app.add_flag("--kubernetes-pod-deletion-cost", flags.kubernetes_pod_deletion_cost,
               "Annotate the pods that workers are called like, so that a Deployment that shrinks lets idle ones go first");
  app.add_option("--kubernetes-account", flags.kubernetes_account, "Folder with token, ca.crt and namespace of the pod's service account")
      ->capture_default_str();
  app.add_option("--tls-cert", flags.tls.certificate, "Serve gRPC over TLS with this certificate chain (PEM; read anew when it changes)");
  app.add_option("--tls-key", flags.tls.key, "Its private key (PEM)");
  app.add_option("--tls-ca", flags.tls.ca, "Only callers with a certificate of one of these; its subject's organization is cohort:viewer or cohort:operator");
  app.add_flag("--allow-remote", flags.allow_remote, "Listen without encryption on other addresses than loopback");
  app.footer("A password of Redis comes from COHORT_REDIS_PASSWORD_FILE (common/redis/README.md).\nExample:\n  cohort-admin --redis 127.0.0.1:6379 --run quickstart --listen 127.0.0.1:7070");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  log::SetContext(absl::StrCat("run=", flags.run, " service=", flags.name));
  const sync::SignalWaiter signals;
  const absl::Status served = Serve(flags, signals);
  if (!served.ok()) std::cerr << "cohort-admin: " << served.message() << std::endl;
  return ToExitCode(served);
}

}  // namespace
}  // namespace cohort::admin

int main(int argc, char** argv) { return cohort::admin::Main(argc, argv); }
