/** A share as per cent: as many digits as tell, six at most. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(6))} %`;
}

/** A whole number with its thousands apart. */
export function count(value: number | bigint): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** So many of something: `1 row`, `2,000 rows`. */
export function many(value: number, one: string, more = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : more}`;
}

/** A size in memory. */
export function bytes(value: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(value) / 10)));
  return `${Number((value / 1024 ** power).toPrecision(4))} ${units[power]}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly (string | number)[], last = 'and'): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)}`;
}
