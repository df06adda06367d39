#include "services/cli/report/page_style.h"

namespace cohort::cli {

absl::string_view PageStyle() {
  return R"css(
:root{color-scheme:light dark;--page:#f7f6f3;--card:#fffefc;--ink:#1c1b19;--soft:#5d5a55;--faint:#8b8781;--rule:#e4e1da;--edge:rgba(28,27,25,.09);
--blue:#2468c4;--blue-soft:#9dbfe9;--grey:#a7a29a;--orange:#c9650f;--teal:#16857a;--violet:#7a55b8;--pink:#b8447c;--gold:#8f6c00;
--good:#1a7f43;--bad:#b3362b;--good-bg:#e3f3e8;--bad-bg:#f9e7e4;--mark:#fff0b8;--code:#f3f1ec}
@media (prefers-color-scheme:dark){:root{--page:#141413;--card:#1d1c1b;--ink:#f2f0ec;--soft:#b9b5ae;--faint:#8a867f;--rule:#33312e;--edge:rgba(255,255,255,.08);
--blue:#6aa5ee;--blue-soft:#34588a;--grey:#77736c;--orange:#e08d45;--teal:#45b3a5;--violet:#a98be0;--pink:#df7fae;--gold:#cfae45;
--good:#6fcf92;--bad:#f08a7e;--good-bg:#193626;--bad-bg:#42211d;--mark:#5a4a12;--code:#262523}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
-webkit-font-smoothing:antialiased;font-variant-numeric:tabular-nums}
main{max-width:1200px;margin:0 auto;padding:48px 28px 72px}
header{margin-bottom:36px}
.eyebrow{margin:0 0 6px;color:var(--blue);font-size:12px;font-weight:650;letter-spacing:.09em;text-transform:uppercase}
h1{margin:0;font-size:36px;line-height:1.15;letter-spacing:-.022em;font-weight:680}
.facts{display:flex;flex-wrap:wrap;gap:4px 22px;margin:12px 0 0;padding:0;list-style:none;color:var(--soft);font-size:14px}
.facts b{color:var(--ink);font-weight:600}
h2{margin:52px 0 6px;font-size:21px;letter-spacing:-.012em;font-weight:660}
.lead{margin:0 0 18px;color:var(--soft);max-width:78ch}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:14px}
.tile{background:var(--card);border:1px solid var(--edge);border-radius:14px;padding:18px 20px 16px}
.tile h3{margin:0;color:var(--soft);font-size:13px;font-weight:550}
.tile .now{margin:6px 0 2px;font-size:32px;line-height:1.1;font-weight:660;letter-spacing:-.02em}
.tile .was{color:var(--soft);font-size:13px}
.gauge{position:relative;height:6px;margin-top:13px;border-radius:3px;background:var(--rule)}
.gauge i{position:absolute;top:0;height:6px;border-radius:3px;background:var(--blue)}
.gauge u{position:absolute;top:-3px;width:3px;height:12px;border-radius:2px;background:var(--grey);outline:2px solid var(--card)}
table{border-collapse:collapse;width:100%;background:var(--card);border:1px solid var(--edge);border-radius:14px;overflow:hidden;font-size:14px;margin-top:16px}
th,td{padding:10px 20px;text-align:right;border-top:1px solid var(--rule)}
thead th{border-top:0;color:var(--soft);font-weight:550;font-size:13px}
th:first-child,td:first-child{text-align:left}
td:nth-child(3){font-weight:640}
.grid-of-cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(340px,1fr));gap:14px}
.card{margin:0;background:var(--card);border:1px solid var(--edge);border-radius:14px;padding:16px 18px 8px;min-width:0}
@media (min-width:820px){.span2{grid-column:span 2}}
.span2>.card{height:100%}
figcaption{display:flex;justify-content:space-between;gap:14px;align-items:flex-start;min-height:46px}
.card h3{margin:0;font-size:14.5px;font-weight:630}
.card p{margin:1px 0 0;color:var(--faint);font-size:12.5px;line-height:1.4}
.readout{white-space:pre-line;text-align:right;font-size:14.5px;font-weight:630;line-height:1.35}
.readout.live{font-size:12.5px;font-weight:550;color:var(--soft)}
svg{display:block;width:100%;height:auto;margin-top:6px;overflow:visible;touch-action:pan-y}
.grid{stroke:var(--rule);stroke-width:1;vector-effect:non-scaling-stroke}
.tick{fill:var(--faint);font-size:10.5px}
.line{fill:none;stroke:var(--blue);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.line.raw{stroke:var(--blue-soft);stroke-width:1.2}
.line.over{stroke:var(--ink);stroke-width:1.6}
.mark{fill:var(--card);stroke:var(--ink);stroke-width:1.6}
.cell{fill:var(--blue)}
.cursor{stroke:var(--ink);stroke-opacity:.45;stroke-width:1;display:none}.cursor.on{display:inline}
.area{stroke:var(--card);stroke-width:.6}
.a0{fill:var(--blue);background:var(--blue)}.a1{fill:var(--orange);background:var(--orange)}.a2{fill:var(--teal);background:var(--teal)}
.a3{fill:var(--violet);background:var(--violet)}.a4{fill:var(--grey);background:var(--grey)}.a5{fill:var(--pink);background:var(--pink)}
.b0{fill:var(--grey);background:var(--grey)}.b1{fill:var(--blue);background:var(--blue)}
.legend{display:flex;flex-wrap:wrap;gap:3px 15px;color:var(--soft);font-size:12.5px;margin-top:5px}
.legend i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(340px,1fr));gap:14px;margin-bottom:14px}
.sample{background:var(--card);border:1px solid var(--edge);border-radius:14px;padding:14px 18px 16px;min-width:0}
.sample header{display:flex;flex-wrap:wrap;gap:6px 10px;align-items:baseline;margin:0 0 8px;font-size:13px;color:var(--soft)}
.sample header b{color:var(--ink);font-size:14px;font-weight:640}
.badge{padding:1px 9px;border-radius:99px;font-size:12px;font-weight:600;background:var(--code);color:var(--soft)}
.badge.good{background:var(--good-bg);color:var(--good)}.badge.bad{background:var(--bad-bg);color:var(--bad)}
.push{margin-left:auto}
.text{margin:0;padding:11px 14px;border-radius:9px;background:var(--code);font:13px/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;
white-space:pre-wrap;overflow-wrap:anywhere;max-height:26em;overflow:auto}
.prompt{color:var(--faint)}.tag{color:var(--violet)}.answer{font-weight:700}
mark{background:var(--mark);color:inherit;border-radius:3px;padding:0 2px}
.stream{display:grid;gap:10px}
details{background:var(--card);border:1px solid var(--edge);border-radius:14px;padding:0 18px}
summary{cursor:pointer;padding:13px 0;font-weight:600}
details pre{margin:0 0 16px}
.prose{max-width:78ch}.prose p{margin:0 0 12px}
footer{margin-top:56px;color:var(--faint);font-size:13px}
@media print{body{background:#fff}.card,.tile,.sample{break-inside:avoid}}
)css";
}

absl::string_view PageScript() {
  return R"js(
(function(){
  var charts=[].map.call(document.querySelectorAll('svg[data-hover]'),function(svg){
    var out=svg.parentNode.querySelector('.readout');
    return {svg:svg,data:JSON.parse(svg.dataset.hover),out:out,cursor:svg.querySelector('.cursor')};
  });
  function nearest(steps,step){
    var low=0,high=steps.length-1;
    while(low<high){var middle=(low+high)>>1;if(steps[middle]<step)low=middle+1;else high=middle;}
    return low>0&&step-steps[low-1]<steps[low]-step?low-1:low;
  }
  function show(step){
    charts.forEach(function(c){
      var d=c.data,i=nearest(d.steps,step),x=d.x[2]+(d.steps[i]-d.x[0])/(d.x[1]-d.x[0])*(d.x[3]-d.x[2]);
      c.cursor.setAttribute('x1',x);c.cursor.setAttribute('x2',x);c.cursor.classList.add('on');
      c.out.classList.add('live');
      c.out.textContent='step '+d.steps[i]+'\n'+d.series.map(function(s){return (s[0]?s[0]+' ':'')+s[1][i];}).join('\n');
    });
  }
  function rest(){
    charts.forEach(function(c){
      c.cursor.classList.remove('on');
      c.out.classList.remove('live');c.out.textContent=c.out.dataset.rest;
    });
  }
  charts.forEach(function(c){
    c.svg.addEventListener('pointermove',function(event){
      var box=c.svg.getBoundingClientRect(),view=c.svg.viewBox.baseVal.width,d=c.data;
      var px=(event.clientX-box.left)/box.width*view;
      show(d.x[0]+(px-d.x[2])/(d.x[3]-d.x[2])*(d.x[1]-d.x[0]));
    });
    c.svg.addEventListener('pointerleave',rest);
  });
})();
)js";
}

}  // namespace cohort::cli
