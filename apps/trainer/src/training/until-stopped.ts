/** Items up to where a signal is aborted; that the source fails then is no error. */
export async function* untilStopped<Item>(
  items: AsyncIterable<Item>,
  stop: AbortSignal,
): AsyncGenerator<Item, void, void> {
  try {
    for await (const item of items) {
      if (stop.aborted) return;
      yield item;
    }
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}
