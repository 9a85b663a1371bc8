import type { Epoch, PreviewToken } from '../preview.ts';
import { escapeHtml } from './html.ts';

const meaning = {
  mask: 'hidden',
  random: 'replaced by a random token',
  keep: 'left as it is, but to be predicted all the same',
} as const;

/** What the colours mean. */
export function sentenceLegend(): string {
  const entries = Object.entries(meaning).map(
    ([action, text]) => `<span><mark class="${action}">word</mark> ${escapeHtml(text)}</span>`,
  );
  return `<p class="legend">${entries.join('\n')}</p>`;
}

/** A sentence in several epochs, one line each. */
export function sentenceTable(title: string, note: string, epochs: readonly Epoch[]): string {
  const rows = epochs.map(
    ({ epoch, tokens }) =>
      `<tr><th scope="row">epoch ${epoch}</th><td>${sentenceHtml(tokens)}</td></tr>`,
  );
  return `<figure class="sentence">
<figcaption><strong>${escapeHtml(title)}</strong> ${escapeHtml(note)}</figcaption>
<table>${rows.join('\n')}</table>
</figure>`;
}

/** Word pieces joined to words, punctuation to the word before it. */
export function sentenceHtml(tokens: readonly PreviewToken[]): string {
  let html = '';
  for (const [index, { text, shown, action }] of tokens.entries()) {
    const continues = text.startsWith('##');
    const piece = escapeHtml(continues ? text.slice(2) : text);
    const joined = index === 0 || continues || /^[.,;:!?)’']/.test(text);
    if (action === 'none') {
      html += joined ? piece : ` ${piece}`;
      continue;
    }
    const title = `${meaning[action]}; the model sees ${shown}`;
    html += joined ? '' : ' ';
    html += `<mark class="${action}" title="${escapeHtml(title)}">${piece}</mark>`;
  }
  return html;
}
