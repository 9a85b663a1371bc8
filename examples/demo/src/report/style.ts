/** The report's style: light and dark, from system fonts. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #fbfaf8; --card: #ffffff; --ink: #21242a; --soft: #666c77; --line: #e4e1db;
  --mean: #1f6f8b; --steps: #9cc3d1; --held-out: #b4521f; --level: #7a7f89;
  --mask: #5b54c7; --mask-ground: #e6e4fb; --random: #a8530d; --random-ground: #fbe6d2;
  --keep: #1f7a4d; --keep-ground: #d8f0e2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15171b; --card: #1c1f25; --ink: #e7e6e3; --soft: #9da3ae; --line: #32363e;
    --mean: #6cc4e2; --steps: #37606f; --held-out: #f0965f; --level: #9aa0ab;
    --mask: #b9b4ff; --mask-ground: #35316b; --random: #ffbd85; --random-ground: #593413;
    --keep: #86dcae; --keep-ground: #1b4a32;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  -webkit-text-size-adjust: 100%;
}
main { max-width: 980px; margin: 0 auto; padding: 56px 24px 96px; }
h1, h2 { font-family: "Iowan Old Style", Palatino, "Palatino Linotype", Georgia, serif; font-weight: 600; line-height: 1.2; text-wrap: balance; }
h1 { font-size: 36px; margin: 4px 0 14px; letter-spacing: -0.01em; }
h2 { font-size: 24px; margin: 64px 0 10px; }
p { margin: 0 0 12px; max-width: 68ch; }
.eyebrow { margin: 0; color: var(--soft); font-size: 13px; letter-spacing: 0.09em; text-transform: uppercase; }
.lead { font-size: 18px; color: var(--soft); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(158px, 1fr)); gap: 1px; margin: 36px 0 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.figures > div { padding: 16px 18px; box-shadow: 0 0 0 1px var(--line); }
dt { color: var(--soft); font-size: 13px; }
dd { margin: 0; }
dd b { display: block; font-size: 28px; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
small { color: var(--soft); font-size: 13px; }
dd small { display: block; line-height: 1.35; }
svg { display: block; width: 100%; height: auto; margin-top: 8px; overflow: visible; }
svg text { font-size: 13px; fill: var(--soft); font-variant-numeric: tabular-nums; }
.grid { stroke: var(--line); }
.axis { stroke: var(--level); }
.steps { fill: none; stroke: var(--steps); stroke-width: 1; stroke-linejoin: round; }
.mean { fill: none; stroke: var(--mean); stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
.level { stroke: var(--level); stroke-width: 1.25; stroke-dasharray: 5 4; }
svg .level-name { fill: var(--ink); paint-order: stroke; stroke: var(--page); stroke-width: 5px; stroke-linejoin: round; }
.held-out { fill: var(--page); stroke: var(--held-out); stroke-width: 2.5; }
.legend { display: flex; flex-wrap: wrap; gap: 6px 24px; max-width: none; color: var(--soft); font-size: 14px; }
.key { display: inline-block; vertical-align: middle; margin-right: 4px; border-radius: 3px; width: 14px; height: 14px; }
.key.steps { height: 2px; width: 22px; background: var(--steps); }
.key.mean { height: 3px; width: 22px; background: var(--mean); }
.key.held-out { width: 12px; height: 12px; border-radius: 50%; border: 2.5px solid var(--held-out); }
.key.mask, .bar .mask { background: var(--mask); }
.key.random, .bar .random { background: var(--random); }
.key.keep, .bar .keep { background: var(--keep); }
.bar { display: flex; gap: 2px; height: 22px; margin: 14px 0 12px; border-radius: 6px; overflow: hidden; }
.bar span { flex-basis: 0; }
mark { color: inherit; border-radius: 4px; padding: 1px 3px; box-decoration-break: clone; -webkit-box-decoration-break: clone; }
mark.mask { background: var(--mask-ground); color: var(--mask); }
mark.random { background: var(--random-ground); color: var(--random); text-decoration: line-through; }
mark.keep { background: var(--keep-ground); color: var(--keep); text-decoration: underline; text-underline-offset: 3px; }
.side-by-side { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(400px, 100%), 1fr)); gap: 20px; margin-top: 18px; }
.sentence { margin: 0; padding: 18px 20px 8px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
figcaption { color: var(--soft); font-size: 14px; margin-bottom: 6px; }
figcaption strong { color: var(--ink); font-size: 16px; margin-right: 6px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; border-top: 1px solid var(--line); padding: 10px 0; }
th { color: var(--soft); font-weight: 400; font-size: 14px; white-space: nowrap; padding-right: 18px; line-height: 1.75; }
.sentence td { line-height: 1.75; }
.sentence tr:first-child > *, .facts tr:first-child > * { border-top: 0; }
.facts { font-variant-numeric: tabular-nums; }
code { font: 14px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
@media (max-width: 600px) { main { padding-top: 32px; } h1 { font-size: 28px; } svg text { font-size: 20px; } }
@media print { main { padding: 0; } h2 { break-after: avoid; } }
`;
