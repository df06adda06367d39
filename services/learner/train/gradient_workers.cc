#include "services/learner/train/gradient_workers.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/learner/train/parallel.h"

namespace cohort::learner {
namespace {

int64_t WorkersFor(const model::ArenaLayout& layout, int threads) {
  const int64_t gradient_bytes = std::max<int64_t>(1, layout.size() * static_cast<int64_t>(sizeof(float)));
  return gradient_bytes * threads <= GradientWorkers::kMostGradientBytes ? std::max(threads, 1) : 1;
}

}  // namespace

GradientWorkers::GradientWorkers(const model::ModelConfig& config, const model::ArenaLayout& layout, double temperature, int threads)
    : threads_of_worker_(std::max<int>(1, threads / static_cast<int>(WorkersFor(layout, threads)))), outcomes_(WorkersFor(layout, threads)) {
  for (size_t i = 0; i < outcomes_.size(); ++i) {
    workers_.push_back(std::make_unique<GradientWorker>(GradientWorker{LanguageModel(config, layout, temperature), model::Arena(layout.size())}));
  }
  for (int64_t i = 1; i < count(); ++i) threads_.emplace_back(absl::StrCat("train-", i), [this, i] { Serve(i); });
}

GradientWorkers::~GradientWorkers() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
}

absl::Status GradientWorkers::Run(const Body& body) {
  {
    absl::MutexLock lock(&mutex_);
    body_ = &body;
    running_ = static_cast<int64_t>(threads_.size());
    ++run_;
  }
  Call(0, body);
  {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(+[](int64_t* running) { return *running == 0; }, &running_));
  }
  for (const absl::Status& outcome : outcomes_) COHORT_RETURN_IF_ERROR(outcome);
  return absl::OkStatus();
}

void GradientWorkers::Serve(int64_t index) {
  for (int64_t next = 1;; ++next) {
    const Body* body = nullptr;
    {
      absl::MutexLock lock(&mutex_);
      const auto called = [this, next]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || run_ == next; };
      mutex_.Await(absl::Condition(&called));
      if (stopping_) return;
      body = body_;
    }
    Call(index, *body);
    absl::MutexLock lock(&mutex_);
    --running_;
  }
}

void GradientWorkers::Call(int64_t index, const Body& body) {
  SetThreads(threads_of_worker_);
  outcomes_[index] = body(index, *workers_[index]);
}

void GradientWorkers::ClearGradients() {
  for (const auto& worker : workers_) std::memset(worker->gradient.bytes().data(), 0, worker->gradient.bytes().size());
}

model::Arena& GradientWorkers::SumGradients() {
  float* sum = workers_[0]->gradient.floats().data();
  for (int64_t w = 1; w < count(); ++w) {
    const float* part = workers_[w]->gradient.floats().data();
    for (int64_t i = 0; i < workers_[w]->gradient.size(); ++i) sum[i] += part[i];
  }
  return workers_[0]->gradient;
}

}  // namespace cohort::learner
