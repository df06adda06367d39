#pragma once

#include <cublasLt.h>
#include <cuda_bf16.h>
#include <cuda_runtime_api.h>

#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/cuda/memory.h"

namespace cohort::rollout::cuda {

// y[rows][outputs] = x[rows][inputs] · w[outputs][inputs]ᵀ in bf16 with sums in fp32; y is bf16, or fp32 where asked for.
struct Product {
  int64_t outputs = 0;
  int64_t inputs = 0;
  bool fp32_out = false;
};

// Matrix products through cuBLASLt. For a shape and a number of rows there is one algorithm: the fastest of those that were timed, or the library's own
// first choice where nothing was. Not thread-safe; all work goes to the stream given at creation.
class Matmul {
 public:
  static absl::StatusOr<std::unique_ptr<Matmul>> Create(cudaStream_t stream);
  ~Matmul();

  // Enqueues one product. May be captured into a graph once the shape has been seen.
  absl::Status Run(const Product& product, int64_t rows, const __nv_bfloat16* x, const __nv_bfloat16* w, void* y);

  // Times the library's candidates on the weights of several layers in turn, so that none of them is found in the cache, and keeps the fastest. Waits
  // for the GPU.
  absl::Status Tune(const Product& product, int64_t rows, const __nv_bfloat16* x, absl::Span<const __nv_bfloat16* const> weights, void* y);

 private:
  struct Plan;
  using Key = std::tuple<int64_t, int64_t, bool, int64_t>;

  Matmul(cudaStream_t stream, cublasLtHandle_t handle, cohort::cuda::DeviceBuffer<char> workspace);

  absl::StatusOr<const Plan*> PlanFor(const Product& product, int64_t rows);
  absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Product& product, int64_t rows) const;
  absl::StatusOr<std::vector<cublasLtMatmulHeuristicResult_t>> Candidates(const Plan& plan, int most) const;
  absl::Status Execute(const Plan& plan, const cublasLtMatmulAlgo_t& algorithm, const __nv_bfloat16* x, const __nv_bfloat16* w, void* y) const;

  const cudaStream_t stream_;
  const cublasLtHandle_t handle_;
  const cohort::cuda::DeviceBuffer<char> workspace_;
  std::map<Key, std::unique_ptr<Plan>> plans_;
};

}  // namespace cohort::rollout::cuda
