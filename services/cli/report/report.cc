#include "services/cli/report/report.h"

#include "absl/strings/str_cat.h"
#include "services/cli/report/html.h"
#include "services/cli/report/page_style.h"
#include "services/cli/report/sections.h"

namespace cohort::cli {

std::string RenderReport(const RunData& run) {
  return absl::StrCat("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                      "<title>", EscapeHtml(run.name), " · Cohort</title><style>", PageStyle(), "</style></head><body><main>\n",
                      TitleSection(run), OutcomeSection(run), SelectionSection(run), CurveSection(run), LengthSection(run), ExampleSection(run),
                      SampleSection(run), ConfigSection(run),
                      "<footer>Written by <code>cohort report</code> from ", EscapeHtml(run.directory), ".</footer></main><script>", PageScript(),
                      "</script></body></html>\n");
}

}  // namespace cohort::cli
