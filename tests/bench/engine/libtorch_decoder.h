#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace cohort::bench {

// The quickstart model's shape.
struct DecoderShape {
  int64_t hidden = 128;
  int64_t intermediate = 352;
  int64_t layers = 4;
  int64_t heads = 4;
  int64_t kv_heads = 2;
  int64_t head_dim = 32;
  int64_t vocab = 40;
};

// The same decoder out of plain LibTorch operations, as one would write it: fused QKV and gate/up products, a preallocated key/value cache, attention over
// the positions so far, softmax and multinomial. Random weights.
class LibTorchDecoder {
 public:
  LibTorchDecoder(const DecoderShape& shape, int64_t batch, int64_t context, int threads);
  ~LibTorchDecoder();

  // Decodes one token for every sequence at `position`; returns the sampled ids.
  std::vector<int64_t> Step(const std::vector<int64_t>& tokens, int64_t position);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cohort::bench
