// What a user's own code looks like to a compiler: npm run check:consumers compiles it with theirs, against the tarball.
import { from, lastValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  background,
  contextKey,
  ctxValue,
  isDeadlineExceeded,
  mergeMapCtx,
  remaining,
  switchMapCtx,
  takeUntilCtx,
  usingCtx,
  withCancel,
  withCancelOn,
  withTimeout,
  withTimeoutCtx,
  withValue,
} from 'rxjs-ctx';
import type { CancelFunc, Context, ContextError } from 'rxjs-ctx';
import { ctxTree, debugContexts, nameCtx, printCtxTree, publishContexts } from 'rxjs-ctx/debug';
import type { CtxEnded, CtxInfo } from 'rxjs-ctx/debug';
import { ctxHelpers, listenerCount, trackContexts } from 'rxjs-ctx/testing';

const user = contextKey<string>('user');
const lang = contextKey('lang', { default: 'en' });

/** A context of one's own, as a wrapper or a mock writes it. */
export class Logged implements Context {
  constructor(private readonly ctx: Context) {}
  get deadline(): number | undefined {
    return this.ctx.deadline;
  }
  get done$(): Observable<ContextError> {
    return this.ctx.done$;
  }
  get err(): ContextError | undefined {
    return this.ctx.err;
  }
  get cause(): unknown {
    return this.ctx.cause;
  }
  get signal(): AbortSignal {
    return this.ctx.signal;
  }
  value: Context['value'] = (key) => this.ctx.value(key);
}

export async function rows(parent: Context, query: string): Promise<number> {
  const [ctx, cancel]: [Context, CancelFunc] = withTimeout(parent, 1_000, { cause: new Error('too slow') });
  using _ = cancel;
  const lengths$: Observable<number> = from([query]).pipe(
    takeUntilCtx(ctx),
    switchMapCtx(ctx, (inner, text) => usingCtx(inner, async () => Promise.resolve(text.length), { timeoutMs: 5 })),
    mergeMapCtx(ctx, (_inner, length, index) => [length + index], 2),
    withTimeoutCtx(ctx, 500),
  );
  try {
    return await lastValueFrom(lengths$);
  } catch (err) {
    if (isDeadlineExceeded(err)) return remaining(ctx);
    throw err;
  }
}

export function values(parent: Context): Observable<[number, string | undefined]> {
  const ctx = withValue(parent, user, 'Ann');
  const language: string = ctx.value(lang);
  const name: string | undefined = ctx.value(user);
  return from([language.length, name?.length ?? 0]).pipe(ctxValue(ctx, user));
}

export function tested(): number {
  const [merged] = withCancelOn(withCancel(background())[0], AbortSignal.timeout(1));
  new TestScheduler(() => undefined).run((helpers) => {
    const { ctx, expectCtx } = ctxHelpers(helpers);
    expectCtx(ctx('--c', { c: 1 })).toBe('--c', { c: 1 });
  });
  return listenerCount(new Logged(merged));
}

export function debugged(parent: Context): readonly CtxInfo[] {
  using _watching = debugContexts({ stacks: false });
  using _publishing = publishContexts({ performance: true });
  using tracked = trackContexts(parent);
  const named: Logged = nameCtx(new Logged(parent), 'page');
  const onEnded = ({ ctx, state, ms = 0 }: CtxEnded): string => `${String(ctx)} ${state} ${ms.toFixed()}`;
  tracked.expectNoneLeft();
  return printCtxTree(named, { ended: true }) === onEnded.name ? [] : ctxTree();
}
