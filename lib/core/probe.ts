// The seam for `rxjs-ctx/debug`. While nothing watches, it costs one load and one test for each context made and each end.
import type { End } from './errors.js';

/** Watches the contexts of all copies of the library in a process. Its methods must not throw. */
export interface Probe {
  /** Called at the end of the constructor: what derives the context may not have finished it. */
  made(ctx: object): void;
  /** Called once a context, when its end is stored. Nobody stores the end of a context that nobody looks at. */
  ended(ctx: object, end: End): void;
}

/** What the copies of the library share, ESM and CommonJS. */
export interface Debug {
  /** `undefined` while nothing watches. */
  probe: Probe | undefined;
}

export const debug = /* @__PURE__ */ sharedDebug();

function sharedDebug(): Debug {
  const shared = globalThis as Record<symbol, Debug | undefined>;
  return (shared[Symbol.for('rxjs-ctx/debug')] ??= { probe: undefined });
}
