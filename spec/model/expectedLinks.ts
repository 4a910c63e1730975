import type { ExpectedContext, ExpectedSource } from './expectedContext.js';
import type { Listener } from './listeners.js';

/** How many listen to whom. */
class Tally {
  private readonly counts = new Map<unknown, number>();

  of(whom: unknown): number {
    return whom === undefined ? 0 : (this.counts.get(whom) ?? 0);
  }

  add(whom: unknown): void {
    this.counts.set(whom, this.of(whom) + 1);
  }

  clear(whom: unknown): void {
    this.counts.delete(whom);
  }
}

export interface ExpectedLinks {
  /** Listeners and linked children. */
  readonly heard: Tally;
  /** Of mocks: subscriptions to their own `done$`. */
  readonly subscribed: Tally;
  readonly timers: number;
}

/** What has to be linked and armed: all that leads from those who listen up to what may end them. */
export function expectedLinks(known: readonly ExpectedContext[], listeners: readonly Listener[]): ExpectedLinks {
  const heard = new Tally();
  const subscribed = new Tally();
  let timers = 0;
  for (const { state, kind, known } of listeners) {
    // A signal listens for as long as its context can end.
    if (state === 'waiting' || kind === 'signal') heard.add(known.node);
  }
  // From below upwards: all that listens to a context is younger.
  for (const ctx of [...known].reverse()) {
    const { at, end, foreign, followed } = ctx;
    if (end !== undefined) {
      heard.clear(ctx);
      continue;
    }
    if (ctx.following) {
      heard.add(ctx);
      for (const source of ctx.openSources) heard.add(nodeOf(source));
    }
    if (heard.of(ctx) > 0) (foreign && followed?.act === 'mock' ? subscribed : heard).add(followed);
    if (at !== undefined && heard.of(ctx) > 0) timers++;
  }
  return { heard, subscribed, timers };
}

function nodeOf(source: ExpectedContext | ExpectedSource): unknown {
  return source.isContext ? source.node : source;
}
