import type { DenseColumns } from '@maskloom/loader';

/** How many tokens of a stretch of the stream masking could take, and what it did to them. */
export interface MaskedShare {
  /** Tokens that are not special. */
  tokens: number;
  mask: number;
  random: number;
  keep: number;
}

/** Adds a batch; a random token that happens to be the original counts as kept. */
export function addBatch(
  share: MaskedShare,
  { inputIds, labels, attentionMask }: Pick<DenseColumns, 'inputIds' | 'labels' | 'attentionMask'>,
  vocab: { readonly maskId: number; readonly special: ReadonlySet<number> },
): void {
  for (const [index, label] of labels.entries()) {
    const id = inputIds[index]!;
    const selected = label >= 0;
    if (attentionMask[index] === 1 && (selected || !vocab.special.has(id))) share.tokens++;
    if (!selected) continue;
    if (id === vocab.maskId) share.mask++;
    else if (id === label) share.keep++;
    else share.random++;
  }
}
