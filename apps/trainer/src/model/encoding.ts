import { tree } from '@jax-js/jax';
import type { DeviceBatch } from './device-batch.ts';
import { withPullBack } from './differentiate.ts';
import { Dropout } from './dropout.ts';
import type { Encoder } from './encoders/encoder.ts';
import { embed } from './lookup.ts';
import { type Parameters, pick } from './parameters.ts';
import { inPrecision, type Precision, pullBackIn } from './precision.ts';
import type { Tensor } from './tensor.ts';
import { Weights } from './weights.ts';

/** The part of a batch that is read. */
export type EncodingInput = Pick<
  DeviceBatch,
  'ids' | 'places' | 'segments' | 'sentences' | 'factors'
>;

/** A model's encoder at work: from ids to states, in a precision. All borrow the parameters and consume the rest. */
export interface Encoding {
  /** States [rows, width, hidden]. */
  states(parameters: Parameters, input: EncodingInput): Tensor;
  /**
   * States, and how a gradient by them, Float32 [rows, width, hidden], becomes one by the encoder's parameters and by what the
   * tables say of each token, Float32 [rows, width, embedding].
   */
  differentiable(
    parameters: Parameters,
    input: EncodingInput,
  ): [states: Tensor, pullBack: (gradient: Tensor) => [Parameters, Tensor]];
}

export function encodingOf(encoder: Encoder, precision: Precision): Encoding {
  const names = encoder.specs.map(({ name }) => name);

  function prepare(parameters: Parameters, input: EncodingInput) {
    const { ids, places, sentences, segments, factors } = input;
    const tables = { ids, sentences, places: places.ref };
    const [embedded, ...dropped] = inPrecision(
      [embed(encoder.tables, new Weights(parameters), tables), ...factors],
      precision,
    ) as [Tensor, ...Tensor[]];
    const values = inPrecision(tree.ref(pick(parameters, names)), precision);
    const encode = (values: Parameters, rows: Tensor): Tensor => {
      const weights = new Weights(values);
      const states = encoder.encode(weights, rows, { segments, places }, new Dropout(dropped));
      weights.dispose();
      return states;
    };
    return { encode, values, embedded };
  }

  return {
    states(parameters, input) {
      const { encode, values, embedded } = prepare(parameters, input);
      return encode(values, embedded);
    },
    differentiable(parameters, input) {
      const { encode, values, embedded } = prepare(parameters, input);
      const [states, pullBack] = withPullBack(encode, values, embedded);
      return [states, (gradient) => pullBackIn(precision, gradient, pullBack)];
    },
  };
}
