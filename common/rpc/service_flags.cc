#include "common/rpc/service_flags.h"

namespace cohort::rpc {

void AddServiceFlags(CLI::App& app, ServiceFlags& flags) {
  app.add_option("--listen", flags.listen, "host:port of the gRPC server; port 0 picks a free one")->capture_default_str();
  app.add_option("--metrics-listen", flags.metrics_listen, "host:port of /metrics")->capture_default_str();
  app.add_flag("--allow-remote", flags.allow_remote, "allow an address that is not loopback");
  app.add_option("--advertise-host", flags.advertise_host, "host under which others reach this service, for the registry; default: the one it listens on");
  app.add_option("--name", flags.name, "name of this service in logs")->capture_default_str();
  app.add_option("--endpoint-file", flags.endpoint_file, "where the addresses are written when the service is ready");
  CLI::Option* redis = app.add_option("--redis", flags.redis, "host:port of the Redis server whose registry shows this service, rediss://host:port for TLS");
  app.add_option("--run", flags.run, "name of the run it belongs to")->needs(redis);
  redis->needs(app.get_option("--run"));
}

}  // namespace cohort::rpc
