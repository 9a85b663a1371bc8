/** A duration for people, such as `31 s` or `1 h 20 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < minute) return `${whole} s`;
  if (whole < 10 * minute) return twoUnits(whole, [minute, 'min'], [1, 's']);
  if (whole < hour) return `${Math.floor(whole / minute)} min`;
  if (whole < day) return twoUnits(whole, [hour, 'h'], [minute, 'min']);
  return twoUnits(whole, [day, 'd'], [hour, 'h']);
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

type Unit = readonly [seconds: number, name: string];

function twoUnits(seconds: number, large: Unit, small: Unit): string {
  const count = Math.floor(seconds / large[0]);
  const rest = Math.floor((seconds % large[0]) / small[0]);
  return rest === 0 ? `${count} ${large[1]}` : `${count} ${large[1]} ${rest} ${small[1]}`;
}
