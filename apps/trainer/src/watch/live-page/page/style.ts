/** The page's style: light and dark, from system fonts. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #fbfaf8; --card: #ffffff; --ink: #21242a; --soft: #5f6570; --line: #e7e4de; --axis: #8a8f98;
  --train: #1f6f8b; --faint: #a9cbd6; --held-out: #b4521f; --good: #1f7a4d; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14161a; --card: #1b1e24; --ink: #e7e6e3; --soft: #a0a6b1; --line: #2c3038; --axis: #7d838e;
    --train: #6cc4e2; --faint: #34606f; --held-out: #f0965f; --good: #86dcae; --bad: #ff8a80;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  -webkit-text-size-adjust: 100%;
}
main { max-width: 1180px; margin: 0 auto; padding: 28px 24px 64px; }
h1, h2 { font-weight: 600; line-height: 1.25; margin: 0; }
h1 { font-size: 24px; letter-spacing: -0.01em; }
h2 { font-size: 15px; }
p { margin: 0; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 16px; }
.eyebrow { flex-basis: 100%; color: var(--soft); font-size: 12px; letter-spacing: 0.09em; text-transform: uppercase; }
.state { color: var(--soft); }
.state::before { content: ""; display: inline-block; width: 9px; height: 9px; margin-right: 7px; border-radius: 50%; background: var(--good); }
.connection { flex-basis: 100%; color: var(--bad); }
.connection:empty { display: none; }
.lost .state::before { background: var(--bad); }
.progress { margin: 14px 0 20px; color: var(--soft); font-variant-numeric: tabular-nums; min-height: 42px; }
.bar { height: 8px; margin-bottom: 8px; border-radius: 4px; background: var(--line); overflow: hidden; }
.bar i { display: block; height: 100%; border-radius: 4px; background: var(--train); }
.card { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); gap: 1px; overflow: hidden; }
.figures > div { padding: 14px 15px; box-shadow: 0 0 0 1px var(--line); }
dt { color: var(--soft); font-size: 13px; }
dd { margin: 0; }
dd b { display: block; font-size: 26px; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; white-space: nowrap; }
small { display: block; color: var(--soft); font-size: 12.5px; line-height: 1.4; }
.charts { display: grid; grid-template-columns: 1fr 1fr; gap: 16px; margin: 16px 0; }
.charts > .wide { grid-column: 1 / -1; }
.chart { position: relative; padding: 14px 16px 8px; }
figcaption { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 18px; margin-bottom: 6px; color: var(--soft); font-size: 13px; }
figcaption h2 { color: var(--ink); }
figcaption output { margin-left: auto; color: var(--ink); font-variant-numeric: tabular-nums; min-height: 1.5em; }
.key { display: inline-block; vertical-align: middle; width: 20px; height: 3px; margin-right: 6px; border-radius: 2px; background: var(--train); }
.key.faint { height: 2px; background: var(--faint); }
.key.held-out { background: var(--held-out); }
.plot { position: relative; min-height: 60px; }
.cursor { position: absolute; top: 0; bottom: 0; width: 1px; background: var(--axis); pointer-events: none; }
svg { display: block; width: 100%; height: auto; }
svg text { font-size: 12px; fill: var(--soft); font-variant-numeric: tabular-nums; }
.wide svg text { font-size: 12.5px; }
.grid { stroke: var(--line); }
.axis { stroke: var(--axis); }
path { fill: none; vector-effect: non-scaling-stroke; stroke-linejoin: round; stroke-linecap: round; }
path.train { stroke: var(--train); stroke-width: 2; }
path.faint { stroke: var(--faint); stroke-width: 1; }
path.held-out { stroke: var(--held-out); stroke-width: 2; }
circle.held-out { fill: var(--card); stroke: var(--held-out); stroke-width: 2; }
details.card { margin: 16px 0; padding: 12px 16px; }
summary { cursor: pointer; font-weight: 600; }
.scroll { max-height: 420px; overflow: auto; margin-top: 12px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
caption { text-align: left; color: var(--soft); padding: 4px 0; }
th, td { text-align: right; padding: 5px 12px; border-top: 1px solid var(--line); white-space: nowrap; }
th:first-child { text-align: left; padding-left: 0; }
th { font-weight: 400; color: var(--soft); }
thead th { position: sticky; top: 0; background: var(--card); border-top: 0; }
.facts { padding: 6px 16px; }
.facts th, .facts td { text-align: left; white-space: normal; vertical-align: top; }
.facts th { width: 130px; }
.facts tr:first-child > * { border-top: 0; }
code { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--train); outline-offset: 2px; border-radius: 6px; }
@media (max-width: 760px) {
  main { padding: 16px 12px 48px; }
  .charts { grid-template-columns: 1fr; }
  .wide svg text { font-size: 24px; }
  svg text { font-size: 14px; }
}
`;
