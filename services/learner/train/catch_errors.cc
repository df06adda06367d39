#include "services/learner/train/catch_errors.h"

#include <c10/util/Exception.h>

#include <exception>
#include <new>

#include "absl/strings/str_cat.h"

namespace cohort::learner {

absl::Status CaughtError() {
  try {
    throw;
  } catch (const c10::OutOfMemoryError& error) {
    return absl::ResourceExhaustedError(absl::StrCat(error.what_without_backtrace(),
                                                     "; lower optimizer.micro_batch_tokens, set optimizer.activation_checkpointing, or give the rollout "
                                                     "workers on this GPU less (rollout.kv_megabytes)"));
  } catch (const c10::Error& error) {
    return absl::InternalError(error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("the host has no memory left; lower optimizer.micro_batch_tokens, end what else runs there, or take a smaller model");
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  } catch (...) {
    return absl::InternalError("an exception of an unknown type");
  }
}

}  // namespace cohort::learner
