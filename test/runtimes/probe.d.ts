export function probe(coreUrl: string): Promise<string>;
