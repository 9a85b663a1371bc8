/**
 * The quotient of two integers to the nearest integer, halves to the even one: Python's and TensorFlow's
 * `round`, without their fractions. `numerator` is below 2^53.
 */
export function divideHalfEven(numerator: number, denominator: number): number {
  const rest = numerator % denominator;
  const whole = (numerator - rest) / denominator;
  const up = rest * 2 > denominator || (rest * 2 === denominator && whole % 2 === 1);
  return up ? whole + 1 : whole;
}
