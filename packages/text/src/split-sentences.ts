/** A sentence of a document. */
export interface Sentence {
  readonly text: string;
  /** Byte offset (UTF-8) of its first character in the document. */
  readonly offset: number;
}

// A rule, and not Intl.Segmenter: what that splits depends on the ICU version, and a dataset should come
// out the same on every machine. For the same reason the terminators are listed, not \p{Sentence_Terminal}.
// A sentence ends at line breaks, or after terminators (with closing quotes and brackets) that white space
// follows; ideographic and full-width ones need no white space. The second part has those of
// Armenian, Arabic and Urdu, Hindi, Ethiopic, Myanmar and Khmer. A match begins only where a run of
// terminators does, or long leaders of dots would take quadratic time.
const terminators = '.!?…‼‽⁇⁈⁉' + '։؟۔।॥።፧፨။។៕';
const ends = new RegExp(
  `(?<![${terminators}])[${terminators}]+["'”’»)\\]]*\\s+|[。！？．｡]+[”’」』）]*|[\\r\\n\u0085\u2028\u2029]+`,
  'gu',
);

/** Splits a document into sentences; white space between them is left out. */
export function splitSentences(text: string): Sentence[] {
  const sentences: Sentence[] = [];
  let start = 0;
  let offset = 0;
  const add = (end: number) => {
    const part = text.slice(start, end);
    const trimmed = part.trim();
    if (trimmed !== '') {
      const before = part.length - part.trimStart().length;
      sentences.push({ text: trimmed, offset: offset + Buffer.byteLength(part.slice(0, before)) });
    }
    offset += Buffer.byteLength(part);
    start = end;
  };
  for (const match of text.matchAll(ends)) add(match.index + match[0].length);
  add(text.length);
  return sentences;
}
