#include "services/rollout/engine/cuda/matmul.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/cuda/status.h"
#include "common/cuda/stream.h"
#include "common/status/status_macros.h"

namespace cohort::rollout::cuda {
namespace {

using cohort::cuda::ToStatus;

constexpr int64_t kWorkspaceBytes = int64_t{64} << 20;
constexpr int kCandidates = 12;
constexpr int kTimedRuns = 8;

// Errors of cuBLASLt become a status here and nowhere else.
absl::Status ToStatus(cublasStatus_t status, absl::string_view what) {
  if (status == CUBLAS_STATUS_SUCCESS) return absl::OkStatus();
  const std::string message = absl::StrCat(what, ": ", cublasLtGetStatusString(status));
  return status == CUBLAS_STATUS_ALLOC_FAILED ? absl::ResourceExhaustedError(message) : absl::InternalError(message);
}

struct DestroyDescription {
  void operator()(cublasLtMatmulDescOpaque_t* d) const { cublasLtMatmulDescDestroy(d); }
  void operator()(cublasLtMatrixLayoutOpaque_t* d) const { cublasLtMatrixLayoutDestroy(d); }
  void operator()(cublasLtMatmulPreferenceOpaque_t* d) const { cublasLtMatmulPreferenceDestroy(d); }
};
using Operation = std::unique_ptr<cublasLtMatmulDescOpaque_t, DestroyDescription>;
using MatrixLayout = std::unique_ptr<cublasLtMatrixLayoutOpaque_t, DestroyDescription>;
using Preference = std::unique_ptr<cublasLtMatmulPreferenceOpaque_t, DestroyDescription>;

// A column-major matrix, which is what a row-major one of `columns` rows is.
absl::StatusOr<MatrixLayout> MakeMatrix(cudaDataType_t type, int64_t rows, int64_t columns) {
  cublasLtMatrixLayout_t layout = nullptr;
  COHORT_RETURN_IF_ERROR(ToStatus(cublasLtMatrixLayoutCreate(&layout, type, rows, columns, rows), "describing a matrix"));
  return MatrixLayout(layout);
}

}  // namespace

// yᵀ = (wᵀ)ᵀ · xᵀ, as the library thinks in columns.
struct Matmul::Plan {
  Operation operation;
  MatrixLayout w, x, y;
  cublasLtMatmulAlgo_t algorithm{};
};

absl::StatusOr<std::unique_ptr<Matmul>> Matmul::Create(cudaStream_t stream) {
  COHORT_ASSIGN_OR_RETURN(auto workspace, cohort::cuda::DeviceBuffer<char>::Allocate(kWorkspaceBytes, "matrix products"));
  cublasLtHandle_t handle = nullptr;
  COHORT_RETURN_IF_ERROR(ToStatus(cublasLtCreate(&handle), "starting cuBLASLt"));
  return std::unique_ptr<Matmul>(new Matmul(stream, handle, std::move(workspace)));
}

Matmul::Matmul(cudaStream_t stream, cublasLtHandle_t handle, cohort::cuda::DeviceBuffer<char> workspace)
    : stream_(stream), handle_(handle), workspace_(std::move(workspace)) {}

Matmul::~Matmul() { cublasLtDestroy(handle_); }

absl::StatusOr<std::unique_ptr<Matmul::Plan>> Matmul::MakePlan(const Product& product, int64_t rows) const {
  auto plan = std::make_unique<Plan>();
  cublasLtMatmulDesc_t operation = nullptr;
  COHORT_RETURN_IF_ERROR(ToStatus(cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F), "describing a product"));
  plan->operation.reset(operation);
  const cublasOperation_t transposed = CUBLAS_OP_T;
  COHORT_RETURN_IF_ERROR(ToStatus(cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof(transposed)),
                                  "describing a product"));
  COHORT_ASSIGN_OR_RETURN(plan->w, MakeMatrix(CUDA_R_16BF, product.inputs, product.outputs));
  COHORT_ASSIGN_OR_RETURN(plan->x, MakeMatrix(CUDA_R_16BF, product.inputs, rows));
  COHORT_ASSIGN_OR_RETURN(plan->y, MakeMatrix(product.fp32_out ? CUDA_R_32F : CUDA_R_16BF, product.outputs, rows));
  return plan;
}

absl::StatusOr<std::vector<cublasLtMatmulHeuristicResult_t>> Matmul::Candidates(const Plan& plan, int most) const {
  cublasLtMatmulPreference_t raw = nullptr;
  COHORT_RETURN_IF_ERROR(ToStatus(cublasLtMatmulPreferenceCreate(&raw), "choosing an algorithm"));
  const Preference preference(raw);
  const size_t bytes = kWorkspaceBytes;
  COHORT_RETURN_IF_ERROR(ToStatus(cublasLtMatmulPreferenceSetAttribute(raw, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &bytes, sizeof(bytes)),
                                  "choosing an algorithm"));
  std::vector<cublasLtMatmulHeuristicResult_t> results(most);
  int found = 0;
  COHORT_RETURN_IF_ERROR(ToStatus(cublasLtMatmulAlgoGetHeuristic(handle_, plan.operation.get(), plan.w.get(), plan.x.get(), plan.y.get(), plan.y.get(), raw,
                                                                 most, results.data(), &found),
                                  "choosing an algorithm"));
  results.resize(found);
  if (results.empty()) return absl::InternalError("cuBLASLt knows no algorithm for a product of this shape");
  return results;
}

absl::Status Matmul::Execute(const Plan& plan, const cublasLtMatmulAlgo_t& algorithm, const __nv_bfloat16* x, const __nv_bfloat16* w, void* y) const {
  const float one = 1, zero = 0;
  return ToStatus(cublasLtMatmul(handle_, plan.operation.get(), &one, w, plan.w.get(), x, plan.x.get(), &zero, y, plan.y.get(), y, plan.y.get(), &algorithm,
                                 workspace_.data(), kWorkspaceBytes, stream_),
                  "a matrix product");
}

absl::StatusOr<const Matmul::Plan*> Matmul::PlanFor(const Product& product, int64_t rows) {
  auto& plan = plans_[Key(product.outputs, product.inputs, product.fp32_out, rows)];
  if (plan == nullptr) {
    COHORT_ASSIGN_OR_RETURN(auto made, MakePlan(product, rows));
    COHORT_ASSIGN_OR_RETURN(const auto candidates, Candidates(*made, 1));
    made->algorithm = candidates[0].algo;
    plan = std::move(made);
  }
  return plan.get();
}

absl::Status Matmul::Run(const Product& product, int64_t rows, const __nv_bfloat16* x, const __nv_bfloat16* w, void* y) {
  COHORT_ASSIGN_OR_RETURN(const Plan* plan, PlanFor(product, rows));
  return Execute(*plan, plan->algorithm, x, w, y);
}

absl::Status Matmul::Tune(const Product& product, int64_t rows, const __nv_bfloat16* x, absl::Span<const __nv_bfloat16* const> weights, void* y) {
  COHORT_ASSIGN_OR_RETURN(auto plan, MakePlan(product, rows));
  COHORT_ASSIGN_OR_RETURN(const auto candidates, Candidates(*plan, kCandidates));
  cudaEvent_t raw_begin = nullptr, raw_end = nullptr;
  COHORT_RETURN_IF_ERROR(ToStatus(cudaEventCreate(&raw_begin), "making an event"));
  const cohort::cuda::Event begin(raw_begin);
  COHORT_RETURN_IF_ERROR(ToStatus(cudaEventCreate(&raw_end), "making an event"));
  const cohort::cuda::Event end(raw_end);
  float best = 0;
  bool found = false;
  size_t next = 0;
  for (const auto& candidate : candidates) {
    // One that the library names but cannot run is no candidate.
    if (!Execute(*plan, candidate.algo, x, weights[next++ % weights.size()], y).ok()) continue;
    COHORT_RETURN_IF_ERROR(ToStatus(cudaEventRecord(begin.get(), stream_), "timing"));
    for (int run = 0; run < kTimedRuns; ++run) COHORT_RETURN_IF_ERROR(Execute(*plan, candidate.algo, x, weights[next++ % weights.size()], y));
    COHORT_RETURN_IF_ERROR(ToStatus(cudaEventRecord(end.get(), stream_), "timing"));
    COHORT_RETURN_IF_ERROR(ToStatus(cudaEventSynchronize(end.get()), "timing a matrix product"));
    float milliseconds = 0;
    COHORT_RETURN_IF_ERROR(ToStatus(cudaEventElapsedTime(&milliseconds, begin.get(), end.get()), "timing"));
    if (found && milliseconds >= best) continue;
    found = true;
    best = milliseconds;
    plan->algorithm = candidate.algo;
  }
  if (!found) return absl::InternalError("none of cuBLASLt's algorithms runs for a product of this shape");
  plans_[Key(product.outputs, product.inputs, product.fp32_out, rows)] = std::move(plan);
  return absl::OkStatus();
}

}  // namespace cohort::rollout::cuda
