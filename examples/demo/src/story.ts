/** What the terminal shows: numbered phases with their durations. */
export class Story {
  readonly #phases: number;
  readonly #write: (text: string) => void;
  #phase = 0;

  constructor(
    phases: number,
    write: (text: string) => void = (text) => process.stdout.write(text),
  ) {
    this.#phases = phases;
    this.#write = write;
  }

  /** Tells of a phase before it begins, and when it is done what came of it and how long it took. */
  async phase<Result>(
    title: string,
    work: () => Promise<Result>,
    tell: (result: Result) => string,
  ): Promise<Result> {
    this.#phase++;
    this.line(`[${this.#phase}/${this.#phases}] ${title}`);
    const start = performance.now();
    const result = await work();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    this.line(`      ${tell(result)} (${seconds} s)`);
    return result;
  }

  line(text = ''): void {
    this.#write(`${text}\n`);
  }

  /** Names and values in two columns. */
  table(rows: readonly (readonly [string, string])[]): void {
    const width = Math.max(...rows.map(([name]) => name.length));
    for (const [name, value] of rows) this.line(`  ${name.padEnd(width)}  ${value}`);
  }
}

/** Such as `1 step` or `200 steps`. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
