#include "services/cli/generate/ordered_printer.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/cli/command/printable.h"

namespace cohort::cli {
namespace {

class OrderedPrinterTest : public ::testing::Test {
 protected:
  OrderedPrinter Printer(int prompts, int samples) {
    return OrderedPrinter(prompts, samples,
                          {[this](OrderedPrinter::Key key) { absl::StrAppend(&out_, "[", key.first, ".", key.second, " "); },
                           [this](absl::string_view piece) { absl::StrAppend(&out_, piece); }, [this](OrderedPrinter::Key) { out_ += "]"; }});
  }
  std::string out_;
};

TEST_F(OrderedPrinterTest, TheFirstTextIsPrintedAsItGrows) {
  OrderedPrinter printer = Printer(1, 1);
  printer.Push({0, 0}, "a", false);
  EXPECT_EQ(out_, "[0.0 a");
  printer.Push({0, 0}, "b", true);
  EXPECT_EQ(out_, "[0.0 ab]");
}

TEST_F(OrderedPrinterTest, LaterTextsWaitForTheirTurn) {
  OrderedPrinter printer = Printer(2, 2);
  printer.Push({1, 0}, "d", true);
  printer.Push({0, 1}, "b", true);
  EXPECT_EQ(out_, "");
  printer.Push({0, 0}, "a", true);
  EXPECT_EQ(out_, "[0.0 a][0.1 b][1.0 d]");
  printer.Push({1, 1}, "", true);
  EXPECT_EQ(out_, "[0.0 a][0.1 b][1.0 d][1.1 ]");
}

TEST(PrintableTest, TakesTerminalControlOutAndLeavesTextAlone) {
  EXPECT_EQ(Printable("a\x1b[2Jb\r\x07\x7f"), "a?[2Jb???");
  EXPECT_EQ(Printable("caf\xC3\xA9\n\ttab"), "caf\xC3\xA9\n\ttab");
  EXPECT_EQ(Printable("x\xC2\x9Bm"), "x??m");
}

}  // namespace
}  // namespace cohort::cli
