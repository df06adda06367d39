#pragma once

namespace cohort::rollout {

// What became of the next one that waited for a place in the engine.
enum class Placement {
  kPlaced,  // It has one.
  kEnded,   // It needs none any more.
  kFull,    // There is none for it now; it waits on.
  kNone,    // Nobody was waiting, or nobody who may have one now.
};

}  // namespace cohort::rollout
