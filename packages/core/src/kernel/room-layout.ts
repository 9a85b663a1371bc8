/** @file What stands where in a kernel's part of a memory, from its start on; tables follow. */

/** assembly/row.ts: tokens of the longest sample that a kernel takes, and of the rows' places that wait together. */
export const longestSample = 32768;
/** Ids of a row are followed by room up to a multiple of this. */
export const group = 64;
export const mostRows = 1024;
/** assembly/row.ts: words of a row's description. */
export const rowWords = 8;
export const idRoom = longestSample + mostRows * group;

export const rowsAt = 0;
export const idsAt = rowsAt + mostRows * rowWords * 4;
export const inputIdsAt = idsAt + idRoom * 4;
export const labelsAt = inputIdsAt + longestSample * 4;
export const workAt = labelsAt + longestSample * 4;
/** assembly/row.ts: behind the working memory. */
export const tablesAt = workAt + 44 * (longestSample + 64) + 32768;
