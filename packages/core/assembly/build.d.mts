/** The kernels' names. */
export const kernels: readonly string[];
/** The text of the file that inlines a kernel's module. */
export function inlinedKernel(name: string): Promise<string>;
