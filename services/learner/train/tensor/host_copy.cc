#include "services/learner/train/tensor/host_copy.h"

#include <ATen/ops/empty.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>

namespace cohort::learner::tensor {
namespace {

constexpr int64_t kPieceBytes = int64_t{64} << 20;

// Pinned memory and when it has been filled.
struct Piece {
  explicit Piece(const at::Tensor& from, int64_t elements)
      : memory(at::empty({elements}, from.options().device(at::kCPU).pinned_memory(true))), filled(from.device().type()) {}

  at::Tensor memory;
  c10::Event filled;
};

}  // namespace

void ToHost(const at::Tensor& from, at::Tensor to) {
  if (from.is_cpu()) {
    to.copy_(from);
    return;
  }
  const int64_t elements = from.size(0), most = std::min(elements, kPieceBytes / from.element_size());
  Piece pieces[2] = {Piece(from, most), Piece(from, most)};
  const c10::Stream stream = c10::impl::VirtualGuardImpl(from.device().type()).getStream(from.device());
  int64_t filling = 0, taken = 0;
  const auto fill = [&](Piece& piece) {
    const int64_t length = std::min(most, elements - filling);
    piece.memory.narrow(0, 0, length).copy_(from.narrow(0, filling, length), /*non_blocking=*/true);
    piece.filled.record(stream);
    filling += length;
  };
  const auto take = [&](Piece& piece) {
    const int64_t length = std::min(most, elements - taken);
    piece.filled.synchronize();
    to.narrow(0, taken, length).copy_(piece.memory.narrow(0, 0, length));
    taken += length;
  };
  for (int turn = 0; taken < elements; turn ^= 1) {
    if (filling == taken) fill(pieces[turn]);
    if (filling < elements) fill(pieces[turn ^ 1]);
    take(pieces[turn]);
  }
}

}  // namespace cohort::learner::tensor
