#include "services/admin/web/web_server.h"

namespace cohort::admin {

// Everything that comes from services and models is put into the page as text, never as HTML.
const char kPage[] = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Cohort</title>
<style>
:root { color-scheme: light dark; --line: #8884; --accent: #2f6fdb; --soft: #7a7a7a; }
body { font: 14px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 1200px; padding: 16px; }
h1 { font-size: 20px; margin: 0 12px 0 0; display: inline-block; } h2 { font-size: 15px; margin: 22px 0 6px; }
#error { color: #c22; min-height: 1.4em; } .soft { color: var(--soft); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 8px; }
.fact { border: 1px solid var(--line); border-radius: 6px; padding: 6px 10px; } .fact b { display: block; font-size: 18px; font-weight: 600; }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(270px, 1fr)); gap: 10px; }
figure { margin: 0; border: 1px solid var(--line); border-radius: 6px; padding: 8px; } figcaption { display: flex; justify-content: space-between; }
svg { width: 100%; height: 130px; display: block; } polyline { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
polyline.raw { stroke: var(--line); stroke-width: 1; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: right; padding: 3px 8px; border-bottom: 1px solid var(--line); } th { font-weight: 600; }
th:first-child, td:first-child, td.text, th:nth-child(6):last-child { text-align: left; } td.text { white-space: pre-wrap; overflow-wrap: anywhere; max-width: 620px; font-family: ui-monospace, monospace; font-size: 12px; }
.bar { display: flex; height: 18px; border-radius: 4px; overflow: hidden; } .bar span { overflow: hidden; white-space: nowrap; color: #fff; font-size: 11px; padding-left: 4px; box-sizing: border-box; }
.CORRECT { color: #2a8f3c; } .INCORRECT { color: #c22; }
</style></head><body>
<h1 id="run">Cohort</h1><span id="phase" class="soft"></span><div id="error" role="alert"></div>
<div class="facts" id="facts"></div>
<h2>Where the learner's time goes <span class="soft" id="bottleneck"></span></h2><div class="bar" id="budget"></div>
<h2>Curves</h2><div class="curves" id="curves"></div>
<h2>Rollout workers <span class="soft" id="wanted"></span></h2><table id="workers"></table>
<h2>Latest samples</h2><table id="samples"></table>
<script>
"use strict";
const token = new URLSearchParams(location.search).get("token");
const byId = (id) => document.getElementById(id);
const make = (tag, text, cls) => { const e = document.createElement(tag); if (text !== undefined) e.textContent = text; if (cls) e.className = cls; return e; };
const put = (id, ...children) => byId(id).replaceChildren(...children);
const ask = async (path) => {
  const url = path + (token ? (path.includes("?") ? "&" : "?") + "token=" + encodeURIComponent(token) : "");
  const answer = await fetch(url); const body = await answer.json();
  if (!answer.ok) throw new Error(body.error); return body;
};
const short = (text, prefix) => text.replace(prefix, "").toLowerCase();
const number = (x, digits) => Number(x).toLocaleString("en", { maximumFractionDigits: digits });
const colors = ["#2f6fdb", "#c9822b", "#2a8f3c", "#8d4bc2", "#b8433f", "#4b8c94", "#777"];
const fact = (name, value) => { const e = make("div", undefined, "fact"); e.append(make("b", value), make("span", name, "soft")); return e; };
const row = (tag, cells) => { const r = make("tr"); for (const c of cells) r.append(c instanceof Node ? c : make(tag, c)); return r; };

function showStatus(s, workers) {
  put("run", s.run_id); document.title = s.run_id + " – Cohort";
  byId("phase").textContent = short(s.phase, "RUN_PHASE_") + (s.paused ? ", paused" : "") + (s.message ? ": " + s.message : "");
  const q = s.queue || { backlog: 0, leased: 0, oldest_age_seconds: 0, dead_letters: 0 };
  put("facts", fact("step of " + number(s.steps_total, 0), number(s.steps_done, 0)), fact("steps a second", number(s.steps_per_second, 2)),
    fact("tokens a second trained", number(s.tokens_per_second, 0)), fact("reward", number(s.reward_mean, 3)), fact("accuracy", number(s.accuracy * 100, 1) + " %"),
    fact("tokens a completion", number(s.length_mean, 1)), fact("tasks waiting, leased", q.backlog + ", " + q.leased),
    fact("age of the oldest task", number(q.oldest_age_seconds, 0) + " s"), fact("dead letters", q.dead_letters), fact("policy version", s.policy_version));
  byId("bottleneck").textContent = s.bottleneck_text ? "bottleneck: " + s.bottleneck_text : "";
  put("budget", ...((s.learner_time && s.learner_time.shares) || []).map((one, i) => {
    const e = make("span", one.activity + " " + number(one.share * 100, 0) + " %"); e.style.width = one.share * 100 + "%"; e.style.background = colors[i % colors.length];
    e.title = e.textContent; return e; }));
  byId("wanted").textContent = s.desired_workers >= 0 ? s.desired_workers + " wanted" : "";
  put("workers", row("th", ["worker", "state", "policy", "behind", "groups", "leases", "tokens/s", "submitted"]), ...workers.map((w) => { const l = w.service.load || {};
    return row("td", [w.name, short(w.service.state, "SERVICE_STATE_"), l.policy_version, w.staleness, l.active_groups, l.leases, number(l.tokens_per_second || 0, 0), l.groups_submitted]); }));
}

const curves = [["reward", "mean reward"], ["accuracy", "accuracy"], ["length", "tokens a completion"], ["seconds", "seconds a step"]];
const data = { step: [], reward: [], accuracy: [], length: [], seconds: [] };
const smooth = (values) => { const n = Math.max(1, Math.floor(values.length / 40)); let sum = 0; return values.map((v, i) => { sum += v; if (i >= n) sum -= values[i - n]; return sum / Math.min(i + 1, n); }); };
function line(values, low, high, cls) {
  const p = document.createElementNS("http://www.w3.org/2000/svg", "polyline"); const last = Math.max(1, values.length - 1); const stride = Math.max(1, Math.floor(values.length / 600));
  const points = []; for (let i = 0; i < values.length; i += stride) points.push((i / last * 100).toFixed(2) + "," + (100 - (values[i] - low) / (high - low || 1) * 100).toFixed(2));
  p.setAttribute("points", points.join(" ")); if (cls) p.setAttribute("class", cls); return p;
}
function showCurves() {
  put("curves", ...curves.map(([key, name]) => {
    const f = make("figure"), c = make("figcaption"), values = data[key], soft = smooth(values), low = Math.min(...soft), high = Math.max(...soft);
    c.append(make("span", name), make("span", values.length ? number(soft[soft.length - 1], 3) + "  (" + number(low, 2) + " to " + number(high, 2) + ")" : "no step yet", "soft"));
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"); svg.setAttribute("viewBox", "0 0 100 100"); svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img"); svg.setAttribute("aria-label", name); if (values.length > 1) svg.append(line(values, low, high, "raw"), line(soft, low, high));
    f.append(c, svg); return f; }));
}
function showSamples(samples) {
  put("samples", row("th", ["sample", "verdict", "format", "reward", "answer", "text"]), ...samples.map((s) =>
    row("td", [s.group_id + "#" + s.sample, make("td", s.verdict.toLowerCase(), s.verdict), s.format_ok ? "ok" : short(s.format_reason, ""), number(s.reward, 2), s.gold_answer, make("td", s.text, "text")])));
}
async function showSteps(steps_done) {
  // A run that went back does its later steps again.
  while (data.step.length && data.step[data.step.length - 1] >= steps_done) for (const key in data) data[key].pop();
  const steps = await ask("/api/steps?from=" + (data.step.length ? data.step[data.step.length - 1] + 1 : 0));
  for (const key in data) data[key].push(...steps[key]);
  showCurves();
}
// What is known is shown, also while the learner, whom the rest is asked of, is away.
async function refresh() {
  try {
    const { status, workers } = await ask("/api/status");
    showStatus(status, workers.workers);
    await showSteps(Number(status.steps_done));
    showSamples((await ask("/api/samples")).samples);
    byId("error").textContent = "";
  } catch (error) { byId("error").textContent = error.message; }
  setTimeout(refresh, 2000);
}
refresh();
</script></body></html>
)html";

}  // namespace cohort::admin
