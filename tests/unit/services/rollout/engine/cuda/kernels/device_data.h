#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "common/cuda/memory.h"
#include "common/random/philox.h"

// Data of a kernel's test: random numbers on both sides, and results that are compared in double precision.
namespace cohort::rollout::cuda::testing {

#define ASSERT_CUDA_OK(expression) ASSERT_EQ((expression), cudaSuccess) << cudaGetErrorString(cudaGetLastError())

template <typename T>
cohort::cuda::DeviceBuffer<T> Upload(const std::vector<T>& values) {
  auto buffer = *cohort::cuda::DeviceBuffer<T>::Allocate(static_cast<int64_t>(values.size()), "a test");
  EXPECT_EQ(cudaMemcpy(buffer.data(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice), cudaSuccess);
  return buffer;
}

// Waits for the device.
template <typename T>
std::vector<T> Download(const cohort::cuda::DeviceBuffer<T>& buffer) {
  std::vector<T> values(buffer.size());
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess) << cudaGetErrorString(cudaGetLastError());
  EXPECT_EQ(cudaMemcpy(values.data(), buffer.data(), values.size() * sizeof(T), cudaMemcpyDeviceToHost), cudaSuccess);
  return values;
}

inline std::vector<double> ToDouble(const std::vector<__nv_bfloat16>& values) {
  std::vector<double> result;
  for (const __nv_bfloat16 value : values) result.push_back(__bfloat162float(value));
  return result;
}
inline std::vector<double> ToDouble(const std::vector<float>& values) { return {values.begin(), values.end()}; }

// Uniform in [-scale, scale), as bf16 holds it.
inline std::vector<__nv_bfloat16> RandomBf16(int64_t count, double scale, random::Stream& stream) {
  std::vector<__nv_bfloat16> values(count);
  for (auto& value : values) value = __float2bfloat16_rn(static_cast<float>(scale * (2 * stream.NextDouble() - 1)));
  return values;
}

// Of bytes that no kernel may leave: every bf16 and float of it is a NaN.
template <typename T>
cohort::cuda::DeviceBuffer<T> Poisoned(int64_t count) {
  auto buffer = *cohort::cuda::DeviceBuffer<T>::Allocate(count, "a test");
  EXPECT_EQ(cudaMemset(buffer.data(), 0xff, buffer.bytes()), cudaSuccess);
  return buffer;
}

// ‖actual − expected‖ / ‖expected‖; NaN where anything is one.
inline double RelativeError(const std::vector<double>& actual, const std::vector<double>& expected) {
  EXPECT_EQ(actual.size(), expected.size());
  double difference = 0, norm = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
    norm += expected[i] * expected[i];
  }
  return std::sqrt(difference / norm);
}

}  // namespace cohort::rollout::cuda::testing
