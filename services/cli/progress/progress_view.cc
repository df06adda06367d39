#include "services/cli/progress/progress_view.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/cli/command/text_table.h"

namespace cohort::cli {
namespace {

constexpr absl::Duration kRedrawInterval = absl::Milliseconds(100);
constexpr absl::Duration kPlainInterval = absl::Seconds(5);
constexpr int64_t kPlainParts = 20;  // A plain display has about so many lines.

int TerminalColumns() {
  struct winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

// One write a frame, so that no half-drawn block is ever seen.
void Write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

ProgressView::Style ProgressView::StyleForStdout(bool quiet) {
  if (quiet) return Style::kQuiet;
  const char* terminal = std::getenv("TERM");
  const bool can_redraw = isatty(STDOUT_FILENO) && terminal != nullptr && std::strcmp(terminal, "dumb") != 0;
  return can_redraw ? Style::kLive : Style::kPlain;
}

void ProgressView::Show(const ProgressState& state) {
  const absl::Time now = absl::Now();
  if (style_ == Style::kLive && now - last_drawn_ >= kRedrawInterval) {
    const std::vector<std::string> lines = LiveLines(state, TerminalColumns(), std::getenv("NO_COLOR") == nullptr);
    if (lines != last_lines_) Draw(lines);
    last_drawn_ = now;
  }
  if (style_ != Style::kPlain || state.records.empty()) return;
  const int64_t done = state.records.back().step() + 1;
  const int64_t every = std::max<int64_t>(1, state.steps_total / kPlainParts);
  const bool due = last_plain_step_ < 0 || done == state.steps_total || done - last_plain_step_ >= every || now - last_plain_ >= kPlainInterval;
  if (done == last_plain_step_ || !due) return;
  Write(PlainLine(state) + "\n");
  last_plain_step_ = done;
  last_plain_ = now;
}

void ProgressView::Draw(const std::vector<std::string>& lines) {
  std::string frame = drawn_lines_ > 0 ? absl::StrCat("\x1b[", drawn_lines_, "A") : "";
  for (const std::string& line : lines) absl::StrAppend(&frame, "\r", line, "\x1b[K\n");
  if (drawn_lines_ > lines.size()) frame += "\x1b[J";
  Write(frame);
  drawn_lines_ = lines.size();
  last_lines_ = lines;
}

void ProgressView::Erase() {
  if (drawn_lines_ > 0) Write(absl::StrCat("\x1b[", drawn_lines_, "A\r\x1b[J"));
  drawn_lines_ = 0;
}

void ProgressView::Say(const std::string& line) {
  if (style_ == Style::kQuiet) return;
  Erase();
  Write(line + "\n");
  if (style_ == Style::kLive && !last_lines_.empty()) Draw(std::vector<std::string>(last_lines_));
}

void ProgressView::ShowStatus(const std::string& line) {
  const absl::Time now = absl::Now();
  if (style_ != Style::kLive || now - last_drawn_ < kRedrawInterval) return;
  const std::vector<std::string> lines = {FitWidth(line, TerminalColumns() - 1)};
  if (lines != last_lines_) Draw(lines);
  last_drawn_ = now;
}

void ProgressView::Close(bool erase) {
  if (erase) Erase();
  drawn_lines_ = 0;
  last_lines_.clear();
}

}  // namespace cohort::cli
