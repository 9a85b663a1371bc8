/**
 * Checksum of a row that is read again by itself: MurmurHash3 x86_32 (Austin Appleby, public domain) over 32-bit
 * words. It tells every change within one word, and any other but one in 2^32. Its values never leave the process.
 */
export function rowChecksum(words: Int32Array, seed: number): number {
  let hash = seed;
  for (let index = 0; index < words.length; index++) {
    let word = Math.imul(words[index]!, 0xcc9e2d51);
    word = (word << 15) | (word >>> 17);
    hash ^= Math.imul(word, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  hash ^= words.length * 4;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
