/**
 * Tokens of lines. Median and deviation of the logarithm are those of the 64,234 sentences of the demo's text, the
 * State of the Union addresses, in its WordPiece tokens.
 */
export function lineLengths(samples: number, longest: number): Uint32Array;
/** Tokens of documents, from a page of some lines to one of some chapters: median 420, deviation of the logarithm 1.1. */
export function documentLengths(samples: number, longest: number): Uint32Array;
/** Tokens of long documents: median and deviation are those of the demo's 233 addresses. */
export function speechLengths(samples: number, longest: number): Uint32Array;
