#include "services/admin/web/web_server.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "civetweb.h"
#include "common/rpc/endpoint_file.h"
#include "common/rpc/server.h"
#include "common/status/status_macros.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"
#include "proto/cohort/admin/v1/admin_service.pb.h"
#include "proto/cohort/learner/v1/control_service.grpc.pb.h"
#include "services/admin/cluster/overview.h"

namespace cohort::admin {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(5);
constexpr int64_t kMostSteps = 5000;
constexpr int kSamples = 12;

absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return absl::InternalError("an answer cannot be written as JSON");
  return json;
}

int HttpCode(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument: return 400;
    case absl::StatusCode::kUnauthenticated: return 401;
    case absl::StatusCode::kPermissionDenied: return 403;
    case absl::StatusCode::kNotFound: return 404;
    case absl::StatusCode::kUnavailable: return 503;
    default: return 500;
  }
}

void Answer(mg_connection* connection, int code, const char* type, const std::string& body) {
  mg_printf(connection,
            "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
            "Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'\r\nConnection: close\r\n\r\n",
            code, code == 200 ? "OK" : "Error", type, body.size());
  mg_write(connection, body.data(), body.size());
}

// The value of a parameter of the query, "" when it is not there.
std::string Parameter(const mg_request_info& request, const char* name) {
  if (request.query_string == nullptr) return "";
  char value[256];
  const int size = mg_get_var(request.query_string, std::char_traits<char>::length(request.query_string), name, value, sizeof(value));
  return size > 0 ? std::string(value, static_cast<size_t>(size)) : "";
}

}  // namespace

class WebServer::Impl {
 public:
  Impl(Cluster& cluster, QueueRates& queue, Access& access) : cluster_(cluster), queue_(queue), access_(access) {}
  ~Impl() {
    if (server_ != nullptr) mg_stop(server_);
  }

  absl::Status Start(const Options& options) {
    if (!options.allow_remote && !rpc::IsLoopback(options.address)) {
      return absl::InvalidArgumentError(absl::StrCat(options.address, ": the page is served on loopback only; use 127.0.0.1, or pass --allow-remote on a trusted network"));
    }
    const char* settings[] = {"listening_ports", options.address.c_str(), "num_threads", "3", "request_timeout_ms", "10000", nullptr};
    mg_callbacks callbacks = {};
    server_ = mg_start(&callbacks, this, settings);
    mg_server_port port = {};
    if (server_ == nullptr || mg_get_server_ports(server_, 1, &port) < 1) {
      return absl::UnavailableError(absl::StrCat("cannot listen on ", options.address, ": the address is in use or not on this machine"));
    }
    address_ = rpc::WithPort(options.address, port.port);
    mg_set_request_handler(server_, "/**", &Impl::Handle, this);
    return absl::OkStatus();
  }

  const std::string& address() const { return address_; }

 private:
  static int Handle(mg_connection* connection, void* self) {
    const mg_request_info& request = *mg_get_request_info(connection);
    const std::string method = request.request_method;
    if (method != "GET") {
      Answer(connection, 405, "text/plain", "only GET: the page changes nothing\n");
      return 405;
    }
    const std::string path = request.local_uri == nullptr ? "/" : request.local_uri;
    if (path == "/") {
      Answer(connection, 200, "text/html; charset=utf-8", kPage);
      return 200;
    }
    const absl::StatusOr<std::string> body = static_cast<Impl*>(self)->Api(connection, request, path);
    const int code = body.ok() ? 200 : HttpCode(body.status());
    Answer(connection, code, "application/json", body.ok() ? *body : nlohmann::json({{"error", std::string(body.status().message())}}).dump());
    return code;
  }

  absl::StatusOr<std::string> Api(mg_connection* connection, const mg_request_info& request, const std::string& path) {
    const char* header = mg_get_header(connection, "Authorization");
    const std::string token = Parameter(request, "token");
    COHORT_RETURN_IF_ERROR(access_.CheckHeader(token.empty() ? (header == nullptr ? "" : header) : absl::StrCat("Bearer ", token), Role::kViewer).status());
    const absl::Time deadline = absl::Now() + kTimeout;
    if (path == "/api/status") return Status(deadline);
    if (path == "/api/samples") return Samples(deadline);
    if (path == "/api/steps") {
      int64_t from = 0;
      const std::string text = Parameter(request, "from");
      if (!text.empty() && !absl::SimpleAtoi(text, &from)) return absl::InvalidArgumentError("from: not a number");
      return Steps(from, deadline);
    }
    return absl::NotFoundError(absl::StrCat("there is nothing at ", path));
  }

  absl::StatusOr<std::string> Status(absl::Time deadline) {
    COHORT_ASSIGN_OR_RETURN(const ClusterFacts facts, GatherFacts(cluster_, queue_, deadline));
    v1::ListWorkersResponse workers;
    for (const ServiceRecord& service : facts.services) {
      if (service.role() == registry::v1::SERVICE_ROLE_ROLLOUT) *workers.add_workers() = DescribeWorker(service);
    }
    COHORT_ASSIGN_OR_RETURN(const std::string status, ToJson(BuildStatus(facts)));
    COHORT_ASSIGN_OR_RETURN(const std::string list, ToJson(workers));
    return absl::StrCat("{\"status\":", status, ",\"workers\":", list, "}");
  }

  absl::StatusOr<std::string> Steps(int64_t from, absl::Time deadline) {
    COHORT_ASSIGN_OR_RETURN(const auto steps, ReadSteps(cluster_, from, kMostSteps, deadline));
    nlohmann::json columns;
    for (const char* name : {"step", "reward", "accuracy", "length", "seconds"}) columns[name] = nlohmann::json::array();
    for (const auto& step : steps) {
      columns["step"].push_back(step.step());
      columns["reward"].push_back(step.reward_mean());
      columns["accuracy"].push_back(step.accuracy());
      columns["length"].push_back(step.length_mean());
      columns["seconds"].push_back(step.step_seconds());
    }
    return columns.dump();
  }

  absl::StatusOr<std::string> Samples(absl::Time deadline) {
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord learner, cluster_.Learner(deadline));
    learner::v1::ListSamplesRequest request;
    request.set_limit(kSamples);
    learner::v1::ListSamplesResponse samples;
    COHORT_RETURN_IF_ERROR(OfLearner(cluster_.Call(learner, &learner::v1::ControlService::Stub::ListSamples, request, &samples, deadline,
                                                   [](const auto& channel) { return learner::v1::ControlService::NewStub(channel); })));
    return ToJson(samples);
  }

  Cluster& cluster_;
  QueueRates& queue_;
  Access& access_;
  mg_context* server_ = nullptr;
  std::string address_;
};

WebServer::WebServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WebServer::~WebServer() = default;

absl::StatusOr<std::unique_ptr<WebServer>> WebServer::Start(Options options, Cluster& cluster, QueueRates& queue, Access& access) {
  auto impl = std::make_unique<Impl>(cluster, queue, access);
  COHORT_RETURN_IF_ERROR(impl->Start(options));
  return std::unique_ptr<WebServer>(new WebServer(std::move(impl)));
}

std::string WebServer::address() const { return impl_->address(); }

}  // namespace cohort::admin
