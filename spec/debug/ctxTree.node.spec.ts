// The lines that are named: they depend on how the code was loaded, so on Node alone.
import { NEVER, Subject, firstValueFrom, map, of } from 'rxjs';
import { background, switchMapCtx, usingCtx, withCancel, withCancelOn, withTimeout } from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { ctxTree, debugContexts, printCtxTree } from '../../lib/debug/index.js';
import type { CtxInfo } from '../../lib/debug/index.js';
import { disposeOf } from '../helpers/dispose.js';

describe('the lines that ctxTree names', () => {
  let watching: Disposable;
  beforeEach(() => {
    watching = debugContexts();
  });
  afterEach(() => {
    disposeOf(watching);
  });

  function infoOf(ctx: Context): CtxInfo {
    const pending = [...ctxTree(undefined, { ended: true })];
    for (let info = pending.pop(); info !== undefined; info = pending.pop()) {
      if (info.ctx === ctx) return info;
      pending.push(...info.children);
    }
    throw new Error(`not in the tree: ${String(ctx)}`);
  }

  /** The line of a statement in this file. */
  function here(): string {
    return /\/(spec\/debug\/[^/]+:\d+):\d+/.exec(new Error().stack!.split('\n')[2]!)![1]!;
  }

  it('are that of the call which made a context, in TypeScript, and its function', () => {
    function handler(): [Context, string] {
      return [withCancel(background())[0], here()];
    }
    const [ctx, line] = handler();
    expect(infoOf(ctx).madeAt).toMatch(new RegExp(`^handler \\(${line}:\\d+\\)$`));
  });

  it('are that of the subscription, for a context that an operator made', () => {
    let made: Context | undefined;
    function subscribes(): string {
      of(1)
        .pipe(
          map((n) => n),
          switchMapCtx(background(), (ctx) => usingCtx((made = ctx), () => NEVER)),
        )
        .subscribe();
      return here();
    }
    subscribes();
    expect(infoOf(made!).madeAt).toMatch(/^subscribes \(spec\/debug\/ctxTree\.node\.spec\.ts:\d+:\d+\)$/);
  });

  it('are found below more frames than hosts keep', () => {
    const before = Error.stackTraceLimit;
    const deep = (depth: number): Context =>
      depth === 0 ? withCancel(background())[0] : [depth].map((n) => deep(n - 1))[0]!;
    Error.stackTraceLimit = 0;
    try {
      expect(infoOf(deep(3)).madeAt).toContain('spec/debug/ctxTree.node.spec.ts');
      expect(Error.stackTraceLimit).toBe(0);
    } finally {
      Error.stackTraceLimit = before;
    }
  });

  it('are that of the call which canceled it, for those below as well', () => {
    const [page, leave] = withCancel(background());
    const [search] = withTimeout(page, 1_000_000);
    const userPressedStop = () => {
      leave('SECRET');
    };
    userPressedStop();
    for (const ctx of [search, page]) {
      expect(infoOf(ctx).state).toBe('canceled');
      expect(infoOf(ctx).endedBy).toMatch(/^userPressedStop \(spec\/debug\/ctxTree\.node\.spec\.ts:\d+:\d+\)$/);
    }
    expect(printCtxTree(background(), { ended: true })).toMatch(
      /^#\d+ withCancel canceled, by userPressedStop \(.*\), made by .*\n {2}#\d+ withDeadline\(.*\) canceled, by userPressedStop/,
    );
  });

  it('are that of what set the deadline, for one that was exceeded', () => {
    const setsLimit = () => withTimeout(background(), 0)[0];
    const ctx = setsLimit();
    const [child] = withCancel(ctx);
    expect(child.err).toBeDefined();
    for (const info of [infoOf(ctx), infoOf(child)]) {
      expect(info.state).toBe('deadline');
      expect(info.endedBy).toMatch(/^setsLimit \(/);
    }
    expect(printCtxTree(undefined, { ended: true })).toMatch(/deadline exceeded, set by setsLimit \(/);
  });

  it('are those of the unsubscription, the abort and the other context that ended it', () => {
    const gone = new AbortController();
    const [other, cancelOther] = withCancel(background());
    const [bySignal] = withCancelOn(background(), gone.signal);
    const [byOther] = withCancelOn(background(), other);
    let inner: Context | undefined;
    const subscription = usingCtx(background(), (ctx) => ((inner = ctx), NEVER)).subscribe();

    const aborts = () => gone.abort();
    const ends = () => cancelOther();
    const leaves = () => subscription.unsubscribe();
    aborts();
    ends();
    leaves();
    expect(infoOf(bySignal).endedBy).toMatch(/^aborts \(/);
    expect(infoOf(byOther).endedBy).toMatch(/^ends \(/);
    expect(infoOf(inner!).endedBy).toMatch(/^leaves \(/);
  });

  it('are not that of whoever found a signal aborted', () => {
    const gone = new AbortController();
    const [parent] = withCancel(background());
    const [ctx] = withCancelOn(parent, gone.signal);
    gone.signal.addEventListener('abort', () => expect(ctx.err).toBeDefined());
    const early = new AbortController();
    let seen: unknown;
    early.signal.addEventListener('abort', () => (seen = second.err));
    const [second] = withCancelOn(parent, early.signal);
    early.abort();
    gone.abort();
    expect(seen).toBeDefined();
    expect(infoOf(ctx).state).toBe('canceled');
    expect(infoOf(second).endedBy).toBeUndefined();
  });

  it('are missing where no line of the user took part', async () => {
    const [ctx] = withCancelOn(background(), Promise.resolve('SECRET'));
    await firstValueFrom(ctx.done$);
    expect(infoOf(ctx).state).toBe('canceled');
    expect(infoOf(ctx).endedBy).toBeUndefined();
    expect(infoOf(withCancelOn(background(), new Subject())[0]).madeAt).toBeDefined();
  });

  it('are left out without stacks', () => {
    disposeOf(watching);
    watching = debugContexts({ stacks: false });
    const [ctx, cancel] = withCancel(background());
    cancel();
    expect(infoOf(ctx).madeAt).toBeUndefined();
    expect(infoOf(ctx).endedBy).toBeUndefined();
    expect(printCtxTree(undefined, { ended: true })).toMatch(/^#\d+ background live\n {2}#\d+ withCancel canceled$/);
  });
});
