#include "services/learner/train/products.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>
#include <c10/core/InferenceMode.h>

namespace cohort::learner {
namespace {

at::Tensor Matrix(const float* data, int64_t rows, int64_t columns) { return at::from_blob(const_cast<float*>(data), {rows, columns}, at::kFloat); }

void Product(const at::Tensor& a, const at::Tensor& b, bool add, at::Tensor c) {
  if (add) {
    at::addmm_out(c, c, a, b);
  } else {
    at::mm_out(c, a, b);
  }
}

}  // namespace

void MultiplyTransposed(const float* a, const float* b, int64_t m, int64_t n, int64_t k, bool add, float* c) {
  const c10::InferenceMode no_gradients;
  Product(Matrix(a, m, k), Matrix(b, n, k).t(), add, Matrix(c, m, n));
}

void Multiply(const float* a, const float* b, int64_t m, int64_t n, int64_t k, bool add, float* c) {
  const c10::InferenceMode no_gradients;
  Product(Matrix(a, m, k), Matrix(b, k, n), add, Matrix(c, m, n));
}

void TransposedMultiply(const float* a, const float* b, int64_t m, int64_t n, int64_t k, bool add, float* c) {
  const c10::InferenceMode no_gradients;
  Product(Matrix(a, k, m).t(), Matrix(b, k, n), add, Matrix(c, m, n));
}

}  // namespace cohort::learner
