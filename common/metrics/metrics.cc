#include "common/metrics/metrics.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>
#include <exception>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/log/log.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "prometheus/counter.h"
#include "prometheus/exposer.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace cohort::metrics {
namespace {

class PrometheusCounter final : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter) : counter_(counter) {}
  void Add(double amount) override { counter_.Increment(amount); }

 private:
  prometheus::Counter& counter_;
};

class PrometheusGauge final : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void Set(double value) override { gauge_.Set(value); }

 private:
  prometheus::Gauge& gauge_;
};

class PrometheusHistogram final : public Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void Observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

// Runs the hooks, then collects the registry.
class HookedCollectable final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    absl::MutexLock lock(&mutex_);
    for (const auto& [id, refresh] : hooks_) refresh();
    return registry_.Collect();
  }

  int AddHook(std::function<void()> refresh) {
    absl::MutexLock lock(&mutex_);
    hooks_.emplace(next_id_, std::move(refresh));
    return next_id_++;
  }

  void RemoveHook(int id) {
    absl::MutexLock lock(&mutex_);
    hooks_.erase(id);
  }

  prometheus::Registry& registry() { return registry_; }

 private:
  prometheus::Registry registry_;
  mutable absl::Mutex mutex_;
  int next_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<int, std::function<void()>> hooks_ ABSL_GUARDED_BY(mutex_);
};

class RegisteredHook final : public CollectHook {
 public:
  RegisteredHook(std::shared_ptr<HookedCollectable> collectable, int id) : collectable_(std::move(collectable)), id_(id) {}
  ~RegisteredHook() override { collectable_->RemoveHook(id_); }

 private:
  const std::shared_ptr<HookedCollectable> collectable_;
  const int id_;
};

// What /healthz answers with: 200 and nothing in it.
class Nothing final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override { return {}; }
};

// Opens and closes a connection to this machine's `port`.
void Knock(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  close(fd);
}

// Ends the server. Its accepting thread sleeps up to two seconds in poll() and sees only then that it shall end, so it is woken by knocking.
void StopQuickly(std::unique_ptr<prometheus::Exposer> exposer) {
  if (exposer == nullptr) return;
  const std::vector<int> ports = exposer->GetListeningPorts();
  sync::StopSource stopped;
  const sync::Thread knocker("metrics-stop", [&] {
    while (!stopped.token().WaitFor(absl::Milliseconds(5))) {
      for (const int port : ports) Knock(port);
    }
  });
  exposer.reset();
  stopped.RequestStop();
}

// The wrappers of one kind of metric by name and labels.
template <typename Wrapper>
using ByName = std::map<std::pair<std::string, Labels>, std::unique_ptr<Wrapper>>;

template <typename Wrapper, typename Make>
Wrapper* FindOrMake(ByName<Wrapper>& metrics, const std::string& name, const Labels& labels, Make make) {
  std::unique_ptr<Wrapper>& metric = metrics[{name, labels}];
  if (metric == nullptr) {
    try {
      metric = std::make_unique<Wrapper>(make());
    } catch (const std::exception& error) {
      LOG(FATAL) << "metric " << name << ": " << error.what();
    }
  }
  return metric.get();
}

}  // namespace

class Registry::Impl {
 public:
  absl::Mutex mutex;
  ByName<PrometheusCounter> counters ABSL_GUARDED_BY(mutex);
  ByName<PrometheusGauge> gauges ABSL_GUARDED_BY(mutex);
  ByName<PrometheusHistogram> histograms ABSL_GUARDED_BY(mutex);
  const std::shared_ptr<HookedCollectable> collectable = std::make_shared<HookedCollectable>();
  const std::shared_ptr<Nothing> nothing = std::make_shared<Nothing>();
  std::unique_ptr<prometheus::Exposer> exposer;

  // The server stops before what it serves goes.
  ~Impl() { StopQuickly(std::move(exposer)); }
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter* Registry::GetCounter(const std::string& name, const std::string& help, const Labels& labels) {
  absl::MutexLock lock(&impl_->mutex);
  return FindOrMake(impl_->counters, name, labels, [&]() -> prometheus::Counter& {
    return prometheus::BuildCounter().Name(name).Help(help).Register(impl_->collectable->registry()).Add(labels);
  });
}

Gauge* Registry::GetGauge(const std::string& name, const std::string& help, const Labels& labels) {
  absl::MutexLock lock(&impl_->mutex);
  return FindOrMake(impl_->gauges, name, labels, [&]() -> prometheus::Gauge& {
    return prometheus::BuildGauge().Name(name).Help(help).Register(impl_->collectable->registry()).Add(labels);
  });
}

Histogram* Registry::GetHistogram(const std::string& name, const std::string& help, const std::vector<double>& buckets, const Labels& labels) {
  absl::MutexLock lock(&impl_->mutex);
  return FindOrMake(impl_->histograms, name, labels, [&]() -> prometheus::Histogram& {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->collectable->registry()).Add(labels, buckets);
  });
}

std::unique_ptr<CollectHook> Registry::OnCollect(std::function<void()> refresh) {
  return std::make_unique<RegisteredHook>(impl_->collectable, impl_->collectable->AddHook(std::move(refresh)));
}

std::string Registry::Expose() const { return prometheus::TextSerializer().Serialize(impl_->collectable->Collect()); }

absl::StatusOr<int> Registry::Serve(const std::string& address) {
  if (impl_->exposer != nullptr) return absl::FailedPreconditionError("the metrics are served already");
  try {
    impl_->exposer = std::make_unique<prometheus::Exposer>(address, /*num_threads=*/2);
  } catch (const std::exception& error) {
    return absl::UnavailableError(absl::StrCat("cannot serve metrics on ", address, ": ", error.what()));
  }
  impl_->exposer->RegisterCollectable(impl_->collectable, "/metrics");
  impl_->exposer->RegisterCollectable(impl_->nothing, "/healthz");
  const std::vector<int> ports = impl_->exposer->GetListeningPorts();
  if (ports.empty()) return absl::InternalError(absl::StrCat("no port is bound for the metrics on ", address));
  return ports.front();
}

std::vector<double> DecadeBuckets(double low, double high) {
  std::vector<double> buckets;
  const int first = static_cast<int>(std::floor(std::log10(low)));
  const int last = static_cast<int>(std::ceil(std::log10(high)));
  // The margins keep a bound that rounding has moved by its last bits.
  for (int exponent = first; exponent <= last; ++exponent) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double bound = exponent < 0 ? digit / std::pow(10.0, -exponent) : digit * std::pow(10.0, exponent);
      if (bound >= low * (1 - 1e-9) && bound <= high * (1 + 1e-9)) buckets.push_back(bound);
    }
  }
  return buckets;
}

}  // namespace cohort::metrics
