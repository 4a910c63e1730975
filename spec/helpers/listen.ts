import type { Context, ContextError } from '../../lib/index.js';

/** What a `done$` subscriber has heard. */
export interface Heard {
  readonly errs: ContextError[];
  /** How often it completed. */
  completed: number;
  readonly unsubscribe: () => void;
}

/** Subscribes to `done$`, and keeps what it says. */
export function listen(ctx: Pick<Context, 'done$'>): Heard {
  const errs: ContextError[] = [];
  const heard: Heard = { errs, completed: 0, unsubscribe: () => subscription.unsubscribe() };
  const subscription = ctx.done$.subscribe({
    next: (err) => {
      errs.push(err);
    },
    complete: () => {
      heard.completed++;
    },
  });
  return heard;
}
