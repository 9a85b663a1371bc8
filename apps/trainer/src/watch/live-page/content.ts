import type { LogEvent } from '../log.ts';
import { createHistory } from './history/history.ts';
import { pageDocument } from './page/document.ts';
import { prometheusText } from './prometheus.ts';
import { renderViews, type Views } from './views/views.ts';

/** What is served of a run, made when it is asked for. */
export interface Content {
  write(event: LogEvent): void;
  /** Tells that the run is over, by itself or otherwise. */
  end(): void;
  /** The page as it stands. */
  document(): string;
  /** What has changed in it, as a server-sent event. */
  viewsEvent(): string;
  metrics(): string;
}

export function createContent(): Content {
  const history = createHistory();
  let isOver = false;
  /** Kept until something changes, for all who ask meanwhile. */
  let views: Views | undefined;
  let viewsEvent: string | undefined;

  function forget(): void {
    views = undefined;
    viewsEvent = undefined;
  }
  function newestViews(): Views {
    views ??= renderViews(history.run(), isOver);
    return views;
  }

  return {
    write(event) {
      history.write(event);
      forget();
    },
    end() {
      isOver = true;
      forget();
    },
    document: () => pageDocument(newestViews()),
    viewsEvent() {
      viewsEvent ??= `event: views\nretry: 5000\ndata: ${JSON.stringify(newestViews())}\n\n`;
      return viewsEvent;
    },
    metrics: () => prometheusText(history.run()),
  };
}
