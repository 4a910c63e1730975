import { Observable, Subject } from 'rxjs';
import type { Context, ContextError } from '../../lib/index.js';

/** Somebody else's wrapper: a plain object that hands every member on to `ctx`. */
export function wrap(ctx: Context): Context {
  return {
    get deadline() {
      return ctx.deadline;
    },
    get done$() {
      return ctx.done$;
    },
    get err() {
      return ctx.err;
    },
    get cause() {
      return ctx.cause;
    },
    get signal() {
      return ctx.signal;
    },
    value: (key) => ctx.value(key),
  };
}

/** JavaScript's ways to embed: of a context whose members are inherited, or looked up elsewhere. */
export function embed(ctx: Context): Context {
  return Object.create(ctx) as Context;
}

export function proxy(ctx: Context): Context {
  return new Proxy(ctx, {});
}

/** Somebody else's implementation, which a spec ends by hand. */
export interface Mock extends Context {
  deadline: number | undefined;
  err: ContextError | undefined;
  cause: unknown;
  /** Subscriptions to `done$` that are open now. */
  readonly open: number;
  /** Subscriptions to `done$` so far. */
  readonly total: number;
  /** Sets `err` and `cause`, and tells nobody. */
  set(err: ContextError, cause?: unknown): void;
  /** Sets `err` and `cause`, emits and completes. */
  end(err: ContextError, cause?: unknown): void;
}

export function mock(deadline?: number): Mock {
  const done$ = new Subject<ContextError>();
  const controller = new AbortController();
  let open = 0;
  let total = 0;
  return {
    deadline,
    err: undefined,
    cause: undefined,
    signal: controller.signal,
    done$: new Observable<ContextError>((subscriber) => {
      open++;
      total++;
      subscriber.add(() => open--);
      return done$.subscribe(subscriber);
    }),
    get open() {
      return open;
    },
    get total() {
      return total;
    },
    value: (key) => key.default,
    set(err, cause = err) {
      this.err = err;
      this.cause = cause;
    },
    end(err, cause = err) {
      this.set(err, cause);
      controller.abort(err);
      done$.next(err);
      done$.complete();
    },
  };
}
