/** @file Runs in the page, see page-script.ts. */

/** Shows the views that the run sends, and says so where none come any more. */
export function followRun(): void {
  const connection = document.querySelector('.connection')!;
  const source = new EventSource('/events');
  source.addEventListener('views', (event) => {
    showViews(JSON.parse((event as MessageEvent<string>).data));
    connection.textContent = '';
    document.body.classList.remove('lost');
    document.dispatchEvent(new Event('views'));
  });
  source.addEventListener('error', () => {
    if (document.body.classList.contains('lost')) return;
    document.body.classList.add('lost');
    const time = new Date().toLocaleTimeString();
    connection.textContent = `No connection to the run since ${time}: these are its last figures.`;
  });
}

export function showViews(views: Readonly<Record<string, string>>): void {
  for (const [name, html] of Object.entries(views)) {
    const place = document.querySelector<HTMLElement & { shown?: string }>(`[data-view="${name}"]`);
    // What stays the same is left alone: a reader's selection, and what a screen reader has said.
    if (place === null || place.shown === html) continue;
    place.innerHTML = html;
    place.shown = html;
    place.querySelectorAll('time').forEach(showTime);
  }
}

/** In the reader's time zone. */
export function showTime(time: HTMLTimeElement): void {
  const at = new Date(time.dateTime);
  const isToday = at.toDateString() === new Date().toDateString();
  const clock = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  time.textContent = isToday ? clock : `${at.toLocaleDateString()}, ${clock}`;
}
