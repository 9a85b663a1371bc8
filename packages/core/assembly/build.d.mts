/** The text of the file that inlines the kernel's module. */
export function inlinedKernel(): Promise<string>;
