/** Counts the modules of WebAssembly that are compiled from now on, in all of this process. */
export function countCompilations(): () => number {
  const { Module, compile } = WebAssembly;
  let count = 0;
  WebAssembly.Module = class extends Module {
    constructor(bytes: BufferSource) {
      super(bytes);
      count++;
    }
  };
  WebAssembly.compile = (bytes: BufferSource) => {
    count++;
    return compile(bytes);
  };
  return () => count;
}
