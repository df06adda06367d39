#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace cohort::metrics {

using Labels = std::map<std::string, std::string>;

// A number that only grows. Thread-safe.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void Add(double amount = 1) = 0;
};

// A number that goes up and down. Thread-safe.
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void Set(double value) = 0;
};

// A distribution over fixed buckets. Thread-safe.
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void Observe(double value) = 0;
};

// The metrics of one process. Names follow cohort_<component>_<what>_<unit>[_total]; labels never hold prompt or group ids. Thread-safe. The pointers
// live as long as the registry; asking again for the same name and labels returns the same metric.
class Registry {
 public:
  Registry();
  ~Registry();
  Counter* GetCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge* GetGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram* GetHistogram(const std::string& name, const std::string& help, const std::vector<double>& buckets, const Labels& labels = {});
  // Everything in the Prometheus text format.
  std::string Expose() const;

  // Serves /metrics (and /healthz) over HTTP on "host:port"; port 0 picks a free one. Returns the bound port.
  absl::StatusOr<int> Serve(const std::string& address);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Buckets 1, 2, 5 × powers of ten from `low` to `high`, for latencies and sizes.
std::vector<double> DecadeBuckets(double low, double high);

}  // namespace cohort::metrics
