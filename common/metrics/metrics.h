#pragma once

#include <functional>
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
  // `amount` is not negative.
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

// Keeps a function registered that Registry::OnCollect was given. The destructor waits for a call in progress; it must not outlive the registry.
class CollectHook {
 public:
  virtual ~CollectHook() = default;
};

// The metrics of one process. Names follow cohort_<component>_<what>_<unit>[_total]; labels never hold prompt or group ids. Thread-safe. The pointers
// live as long as the registry; asking again for the same name and labels returns the same metric. A name that Prometheus does not allow, or that is
// in use for another kind of metric, is a programmer's error and ends the process.
class Registry {
 public:
  Registry();
  ~Registry();
  Counter* GetCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge* GetGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // `buckets` are upper bounds, ascending. Those of the first call for a name and its labels count.
  Histogram* GetHistogram(const std::string& name, const std::string& help, const std::vector<double>& buckets, const Labels& labels = {});

  // Calls `refresh` before every exposition, to bring metrics up to date that are too dear or too lazy to keep so all the time. It may set and add to
  // metrics but must not ask the registry for new ones.
  std::unique_ptr<CollectHook> OnCollect(std::function<void()> refresh);

  // Everything in the Prometheus text format.
  std::string Expose() const;

  // Serves /metrics over HTTP on "host:port" (port 0 picks a free one), and 200 on /healthz. Returns the bound port. Call it once. UNAVAILABLE names
  // the address when it cannot be bound.
  absl::StatusOr<int> Serve(const std::string& address);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Buckets 1, 2, 5 × powers of ten from `low` to `high`, for latencies and sizes.
std::vector<double> DecadeBuckets(double low, double high);

}  // namespace cohort::metrics
