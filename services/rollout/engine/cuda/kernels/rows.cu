#include "services/rollout/engine/cuda/kernels/kernels.h"

namespace cohort::rollout::cuda {
namespace {

// One block an update; no two updates touch the same row.
__global__ void ApplyRowUpdatesKernel(const RowUpdate* updates, const int32_t* new_tables, int table_stride, DecodeRow* rows, int32_t* tables) {
  const RowUpdate& update = updates[blockIdx.x];
  const bool renew = update.from == update.to, move = update.from >= 0 && !renew;
  const int32_t* table = move ? tables + static_cast<int64_t>(update.from) * table_stride : new_tables + static_cast<int64_t>(blockIdx.x) * table_stride;
  if (renew || move || update.row.position >= 0) {
    for (int i = threadIdx.x; i < table_stride; i += blockDim.x) tables[static_cast<int64_t>(update.to) * table_stride + i] = table[i];
  }
  if (threadIdx.x != 0 || renew) return;
  rows[update.to] = move ? rows[update.from] : update.row;
  if (move) rows[update.from].position = -1;
}

__global__ void CopyPagesKernel(uint4* cache, int64_t layer_stride, int64_t page_chunks, const int2* copies) {
  const int2 copy = copies[blockIdx.x];
  uint4* layer = cache + blockIdx.y * layer_stride;
  const uint4* from = layer + copy.x * page_chunks;
  uint4* to = layer + copy.y * page_chunks;
  for (int64_t i = threadIdx.x; i < page_chunks; i += blockDim.x) to[i] = from[i];
}

}  // namespace

void ApplyRowUpdates(const RowUpdate* updates, int count, const int32_t* new_tables, int table_stride, DecodeRow* rows, int32_t* tables, cudaStream_t stream) {
  ApplyRowUpdatesKernel<<<count, 128, 0, stream>>>(updates, new_tables, table_stride, rows, tables);
}

void CopyPages(__nv_bfloat16* cache, int64_t layer_stride, int64_t page_elements, int layers, const int2* copies, int count, cudaStream_t stream) {
  CopyPagesKernel<<<dim3(count, layers), 256, 0, stream>>>(reinterpret_cast<uint4*>(cache), layer_stride / 8, page_elements / 8, copies);
}

}  // namespace cohort::rollout::cuda
