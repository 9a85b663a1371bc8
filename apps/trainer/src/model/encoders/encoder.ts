import type { Dropout, DropoutSite } from '../dropout.ts';
import type { ParameterSpec } from '../parameters.ts';
import type { Tensor } from '../tensor.ts';
import type { Weights } from '../weights.ts';

/** A batch of rows, on the device. */
export type EncoderInput = {
  /** Int32 [rows, width]: the number of a token's sample in its row, from 1; 0 for padding. */
  segments: Tensor;
  /** Int32 [rows, width]: a token's place in its sample. */
  places: Tensor;
};

/** From embedded tokens to states. */
export interface Encoder {
  /** The encoder's own parameters; the tables are listed apart. */
  readonly specs: readonly ParameterSpec[];
  readonly tables: Tables;
  /** Where it drops values, in order: those of Hugging Face's implementation. */
  readonly sites: readonly DropoutSite[];
  /**
   * States [rows, width, hidden]. Consumes all but the weights.
   *
   * @param embedded Float [rows, width, embedding]: the sum of what the tables say of each token
   */
  encode(weights: Weights, embedded: Tensor, input: EncoderInput, dropout: Dropout): Tensor;
}

/** The tables whose rows are summed for a token: by its id, and where there is one by its place or sentence. */
export interface Tables {
  readonly token: ParameterSpec;
  /** [length, embedding] */
  readonly place?: ParameterSpec;
  /** [2, embedding] */
  readonly sentence?: ParameterSpec;
}
