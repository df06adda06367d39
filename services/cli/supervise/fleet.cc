#include "services/cli/supervise/fleet.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "common/status/status_macros.h"
#include "common/sync/thread.h"
#include "services/cli/command/interrupt.h"

namespace cohort::cli {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(20);
constexpr absl::Duration kPatienceAtDestruction = absl::Seconds(5);

}  // namespace

Fleet::~Fleet() { StopAll(kPatienceAtDestruction); }

absl::StatusOr<SupervisedService*> Fleet::Start(ServiceSpec spec) {
  std::vector<ServiceSpec> specs;
  specs.push_back(std::move(spec));
  COHORT_ASSIGN_OR_RETURN(const std::vector<SupervisedService*> started, StartAll(std::move(specs)));
  return started[0];
}

absl::StatusOr<std::vector<SupervisedService*>> Fleet::StartAll(std::vector<ServiceSpec> specs) {
  std::vector<SupervisedService*> started;
  waves_.emplace_back();
  for (ServiceSpec& spec : specs) {
    waves_.back().push_back(std::make_unique<SupervisedService>(std::move(spec)));
    started.push_back(waves_.back().back().get());
    COHORT_RETURN_IF_ERROR(started.back()->Start());
  }
  COHORT_RETURN_IF_ERROR(WaitUntilServing(started));
  return started;
}

absl::StatusOr<SupervisedService*> Fleet::Launch(ServiceSpec spec) {
  waves_.emplace_back();
  waves_.back().push_back(std::make_unique<SupervisedService>(std::move(spec)));
  SupervisedService* const service = waves_.back().back().get();
  COHORT_RETURN_IF_ERROR(service->Start());
  return service;
}

absl::Status Fleet::WaitUntilServing(const std::vector<SupervisedService*>& services) {
  for (SupervisedService* service : services) {
    for (;;) {
      COHORT_RETURN_IF_ERROR(CheckInterrupt());
      COHORT_RETURN_IF_ERROR(Tick());
      const absl::Status serving = service->Serving();
      if (serving.ok()) break;
      if (!absl::IsUnavailable(serving)) return serving;
      PauseUnlessInterrupted(kTick);
    }
  }
  return absl::OkStatus();
}

absl::Status Fleet::Tick() {
  absl::Status first;
  for (auto& wave : waves_) {
    for (auto& service : wave) {
      absl::Status status = service->Tick();
      if (!status.ok() && service->dispensable()) {
        service->GiveUp(status);
        status = absl::OkStatus();
      }
      if (const std::string news = service->TakeNews(); !news.empty()) on_news_(news);
      if (first.ok()) first = status;
    }
  }
  return first;
}

absl::Status Fleet::TickWhile(const std::function<absl::Status(const std::function<bool()>& cancelled)>& work, const std::function<void()>& each_tick) {
  std::atomic<bool> ended{false}, lost{false};
  absl::Status result, lost_error;
  {
    const sync::Thread thread("fleet-work", [&] {
      result = work([&] { return Interrupted() || lost.load(); });
      ended = true;
    });
    while (!ended.load()) {
      if (lost_error.ok()) lost_error = Tick();
      if (!lost_error.ok()) lost = true;
      each_tick();
      absl::SleepFor(kTick);
    }
  }
  COHORT_RETURN_IF_ERROR(lost_error);
  COHORT_RETURN_IF_ERROR(CheckInterrupt());
  return result;
}

void Fleet::Stop(const std::vector<SupervisedService*>& services, absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  for (SupervisedService* service : services) service->RequestStop();
  for (SupervisedService* service : services) service->Stop(deadline);
  for (auto& wave : waves_) {
    wave.erase(std::remove_if(wave.begin(), wave.end(),
                              [&](const auto& service) {
                                const bool gone = std::find(services.begin(), services.end(), service.get()) != services.end();
                                if (gone) past_restarts_ += service->restarts();
                                return gone;
                              }),
               wave.end());
  }
  waves_.erase(std::remove_if(waves_.begin(), waves_.end(), [](const auto& wave) { return wave.empty(); }), waves_.end());
}

void Fleet::StopAll(absl::Duration patience) {
  while (!waves_.empty()) {
    std::vector<SupervisedService*> last;
    for (const auto& service : waves_.back()) last.push_back(service.get());
    if (last.empty()) {
      waves_.pop_back();
    } else {
      Stop(last, patience);
    }
  }
}

int Fleet::restarts() const {
  int total = past_restarts_;
  for (const auto& wave : waves_) {
    for (const auto& service : wave) total += service->restarts();
  }
  return total;
}

}  // namespace cohort::cli
