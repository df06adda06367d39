#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "services/cli/progress/progress_text.h"

namespace cohort::cli {

// Shows how the run goes on stdout: on a terminal a block that is redrawn in place, otherwise a plain line every few steps. Not thread-safe.
class ProgressView {
 public:
  enum class Style { kLive, kPlain, kQuiet };
  // Live on a terminal that can redraw, else plain.
  static Style StyleForStdout(bool quiet);

  explicit ProgressView(Style style) : style_(style) {}
  ~ProgressView() { Close(); }

  // Shows `state`. Cheap to call often: draws only when something changed, a live block at most ten times a second.
  void Show(const ProgressState& state);

  // Shows a line about something that takes a while ("evaluating: 40 %"); on a live display only, gone with the next Say() or Close(true).
  void ShowStatus(const std::string& line);

  // Prints a line that stays, above the live block.
  void Say(const std::string& line);

  // Leaves the last state on the screen, or takes it away; Show() begins a new block afterwards.
  void Close(bool erase = false);

 private:
  void Draw(const std::vector<std::string>& lines);
  void Erase();

  const Style style_;
  size_t drawn_lines_ = 0;
  std::vector<std::string> last_lines_;
  int64_t last_plain_step_ = -1;
  absl::Time last_drawn_ = absl::InfinitePast();
  absl::Time last_plain_ = absl::InfinitePast();
};

}  // namespace cohort::cli
