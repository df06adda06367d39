#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "proto/cohort/admin/v1/admin_service.grpc.pb.h"

namespace cohort::cli {

// Where the admin service is: `given` (HOST:PORT, or the directory of a run that `cohort run` has started here); empty: the newest run below ./runs whose
// admin service lives. NOT_FOUND says what to do.
absl::StatusOr<std::string> FindAdmin(const std::string& given);

// Calls one admin service. Thread-safe.
class AdminClient {
 public:
  using Stub = admin::v1::AdminService::Stub;
  struct Options {
    std::string address;                           // host:port
    std::string token;                             // Sent when not empty.
    std::shared_ptr<grpc::ChannelCredentials> credentials = nullptr;  // Of rpc::ClientTls; null: plaintext.
    absl::Duration timeout = absl::Seconds(10);    // Of one call.
  };
  explicit AdminClient(Options options);

  // Calls `method`. Errors carry the reason that the service gave; UNAVAILABLE names the address.
  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), const Request& request, Response* response,
                    absl::Duration more_time = absl::ZeroDuration()) {
    grpc::ClientContext context;
    Prepare(context, options_.timeout + more_time);
    return Describe(rpc::FromGrpc((stub_.get()->*method)(&context, request, response)));
  }

  // Fills in deadline and credentials of a call that is made with stub().
  void Prepare(grpc::ClientContext& context, absl::Duration timeout) const;
  absl::Status Describe(const absl::Status& status) const;
  Stub& stub() { return *stub_; }

 private:
  const Options options_;
  const std::string actor_;  // user@host
  const std::unique_ptr<Stub> stub_;
};

}  // namespace cohort::cli
