#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/cli/evaluate/verdict_text.h"
#include "services/cli/report/html.h"
#include "services/cli/report/sections.h"

namespace cohort::cli {
namespace {

constexpr int kExamples = 2;
constexpr size_t kMoments = 8;       // Steps that samples are shown of.
constexpr size_t kPerMoment = 1;
constexpr size_t kLongestText = 6000;

std::vector<std::string> SelfCheckWords(const RunData& run) {
  std::vector<std::string> words;
  const auto found = run.summary.find("self_check_words");
  if (found == run.summary.end() || !found->is_array()) return words;
  for (const auto& word : *found) {
    if (word.is_string() && !word.get_ref<const std::string&>().empty()) words.push_back(word.get<std::string>());
  }
  return words;
}

bool IsWordByte(char byte) { return absl::ascii_isalnum(static_cast<unsigned char>(byte)); }

// Marks whole words in escaped text. Words are plain letters, so they cannot be part of an entity other than a named one, which begins with '&'.
std::string MarkWords(std::string html, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    const std::string escaped = EscapeHtml(word);
    const std::string lower = absl::AsciiStrToLower(escaped);
    for (size_t at = absl::AsciiStrToLower(html).find(lower); at != std::string::npos;) {
      const bool whole = (at == 0 || (!IsWordByte(html[at - 1]) && html[at - 1] != '&')) &&
                         (at + lower.size() >= html.size() || !IsWordByte(html[at + lower.size()]));
      const std::string marked = whole ? absl::StrCat("<mark>", html.substr(at, lower.size()), "</mark>") : html.substr(at, lower.size());
      html.replace(at, lower.size(), marked);
      at = absl::AsciiStrToLower(html).find(lower, at + marked.size());
    }
  }
  return html;
}

// A completion as HTML: escaped, tags and answer set off, self-checks marked.
std::string CompletionHtml(const std::string& text, const std::vector<std::string>& words) {
  const bool cut = text.size() > kLongestText;
  std::string html = MarkWords(EscapeHtml(cut ? text.substr(0, kLongestText) : text), words);
  html = absl::StrReplaceAll(html, {{"&lt;think&gt;", "<span class=\"tag\">&lt;think&gt;</span>"},
                                    {"&lt;/think&gt;", "<span class=\"tag\">&lt;/think&gt;</span>"},
                                    {"&lt;answer&gt;", "<span class=\"tag\">&lt;answer&gt;</span>"},
                                    {"&lt;/answer&gt;", "<span class=\"tag\">&lt;/answer&gt;</span>"}});
  return cut ? absl::StrCat(html, " …") : html;
}

std::string Badge(const std::string& text, bool good) {
  return absl::StrCat("<span class=\"badge ", good ? "good" : "bad", "\">", EscapeHtml(text), "</span>");
}

std::string ExampleCard(const char* when, const std::string& prompt, const GradedCompletion& c, const std::vector<std::string>& words) {
  return absl::StrCat("<article class=\"sample\"><header><b>", when, "</b>", Badge(VerdictText(c.verdict), c.correct),
                      Badge(c.format_ok ? "format right" : "format wrong", c.format_ok), "<span class=\"push\">", c.tokens,
                      " tokens</span></header><pre class=\"text\"><span class=\"prompt\">", EscapeHtml(prompt), "</span> ", CompletionHtml(c.text, words),
                      "</pre></article>");
}

std::string SampleCard(const TrainingSample& sample, const std::vector<std::string>& words) {
  const std::string verdict = VerdictText(sample.verdict);
  const std::string tokens = sample.tokens > 0 ? absl::StrCat(" · ", sample.tokens, " tokens") : "";
  return absl::StrCat("<article class=\"sample\"><header><b>Step ", sample.step, "</b>", Badge(verdict, verdict == "correct"),
                      "<span class=\"push\">reward ", HumanNumber(sample.reward), tokens, "</span></header><pre class=\"text\"><span class=\"prompt\">",
                      EscapeHtml(sample.prompt), "</span> ", CompletionHtml(sample.text, words), "</pre></article>\n");
}

// Up to kMoments of the steps that have samples, first and last among them, evenly spread.
std::set<int64_t> Moments(const std::vector<TrainingSample>& samples) {
  std::set<int64_t> all;
  for (const TrainingSample& sample : samples) all.insert(sample.step);
  const std::vector<int64_t> steps(all.begin(), all.end());
  if (steps.size() <= kMoments) return all;
  std::set<int64_t> chosen;
  for (size_t i = 0; i < kMoments; ++i) chosen.insert(steps[i * (steps.size() - 1) / (kMoments - 1)]);
  return chosen;
}

}  // namespace

std::string ExampleSection(const RunData& run) {
  if (!run.before.has_value() || !run.after.has_value()) return "";
  const std::vector<ExamplePair> examples = TellingExamples(*run.before, *run.after, kExamples);
  if (examples.empty()) return "";
  const std::vector<std::string> words = SelfCheckWords(run);
  std::string html = "<section><h2>The same problem, before and after</h2><p class=\"lead\">Sampled completions of held-out problems, chosen because they "
                     "show the change; the curves show how common it is.</p>";
  for (const ExamplePair& pair : examples) {
    const std::string& prompt = run.before->prompts[static_cast<size_t>(pair.problem)];
    absl::StrAppend(&html, "<div class=\"pair\">", ExampleCard("Before", prompt, *pair.before, words), ExampleCard("After", prompt, *pair.after, words),
                    "</div>\n");
  }
  return html + "</section>\n";
}

std::string SampleSection(const RunData& run) {
  if (run.samples.empty()) return "";
  const std::set<int64_t> moments = Moments(run.samples);
  const std::vector<std::string> words = SelfCheckWords(run);
  std::string html = "<section><h2>Completions over training</h2><p class=\"lead\">What the policy wrote as training went on, not chosen by result.</p>"
                     "<div class=\"stream\">";
  for (const int64_t moment : moments) {
    size_t shown = 0;
    for (const TrainingSample& sample : run.samples) {
      if (sample.step == moment && shown++ < kPerMoment) absl::StrAppend(&html, SampleCard(sample, words));
    }
  }
  return html + "</div></section>\n";
}

std::string ConfigSection(const RunData& run) {
  if (run.config_yaml.empty()) return "";
  return absl::StrCat("<section><h2>Configuration</h2><details><summary>The whole config, defaults filled in</summary><pre class=\"text\">",
                      EscapeHtml(run.config_yaml), "</pre></details></section>\n");
}

}  // namespace cohort::cli
