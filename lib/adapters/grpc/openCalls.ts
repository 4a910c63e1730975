// What the ESM and the CommonJS copy of the library share: a process may have loaded both.
import type { Context } from '../../core/context.js';

/** A service that is being served. */
export interface Service {
  /** The calls that are open. */
  readonly open: ReadonlySet<OpenCall>;
  /** Those that wait for its calls. */
  readonly closers: Set<Closer>;
  /** The patience of a closer is over. */
  endGrace(): void;
}

export interface OpenCall {
  /** Set when the status has been given to grpc-js: whether by the handler. */
  readonly answered: boolean;
  /** Ends the call, which tells the client to try elsewhere. */
  cut(cause: unknown): void;
}

/** A shutdown that begins when its context is done. */
export interface Closer {
  readonly ctx: Context;
  /** Whether calls may go on although ctx is done. */
  readonly patient: boolean;
  settled(call: OpenCall): void;
}

interface Shared {
  /** The contexts of calls. */
  readonly calls: WeakMap<object, Context>;
  /** By the implementation that the server was given. */
  readonly services: WeakMap<object, Service>;
}

const place = Symbol.for('rxjs-ctx/grpc');

export function shared(): Shared {
  return ((globalThis as unknown as Record<symbol, Shared | undefined>)[place] ??= {
    calls: new WeakMap(),
    services: new WeakMap(),
  });
}
