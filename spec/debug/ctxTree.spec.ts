import {
  background,
  contextKey,
  takeUntilCtx,
  withCancel,
  withCancelOn,
  withDeadline,
  withScheduler,
  withTimeout,
  withValue,
  withoutCancel,
} from '../../lib/index.js';
import { NEVER, Subject } from 'rxjs';
import type { Context } from '../../lib/index.js';
import { ctxTree, debugContexts, nameCtx, printCtxTree } from '../../lib/debug/index.js';
import type { CtxInfo } from '../../lib/debug/index.js';
import { Clock } from '../helpers/clock.js';
import { mock } from '../helpers/foreign.js';
import { expectRefused, missing, notContexts } from '../helpers/operators.js';
import type { Wrong } from '../helpers/operators.js';
import { disposeOf } from '../helpers/dispose.js';

const wrongOptions: readonly Wrong[] = [
  [1, '1'],
  [true, 'true'],
  ['all', '"all"'],
  [null, 'null'],
];
const wrongFlags: readonly Wrong[] = [
  [1, '1'],
  ['yes', '"yes"'],
  [null, 'null'],
];
const wrongNames: readonly Wrong[] = [missing, [1, '1'], ['', '""'], [null, 'null']];

const user = contextKey<string>('user');

/** Labels, indented by depth: what does not depend on lines and on what was made before. */
function shape(infos: readonly CtxInfo[], indent = ''): string[] {
  return infos.flatMap((info) => [`${indent}${info.label}`, ...shape(info.children, `${indent}  `)]);
}

function find(ctx: Context, infos = ctxTree(undefined, { ended: true })): CtxInfo | undefined {
  for (const info of infos) {
    const found = info.ctx === ctx ? info : find(ctx, info.children);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('ctxTree', () => {
  let watching: Disposable;
  let root: Context;
  beforeEach(() => {
    root = withCancel(background())[0];
    watching = debugContexts();
  });
  afterEach(() => {
    disposeOf(watching);
  });

  it('shows what was derived, below what it was derived from, in that order', () => {
    const [page] = withCancel(root);
    const search = withValue(page, user, 'SECRET');
    withCancel(search);
    withoutCancel(page);
    withCancelOn(root, new Subject());
    expect(shape(ctxTree(root))).toEqual([
      'withCancel',
      '  withValue(user)',
      '    withCancel',
      '  withoutCancel',
      'withCancelOn',
    ]);
  });

  it('shows contexts that were made before as roots, and only while something is below them', () => {
    expect(ctxTree()).toEqual([]);
    const [child] = withCancel(root);
    expect(shape(ctxTree())).toEqual(['background', '  withCancel', '    withCancel']);
    expect(find(root)!.madeAt).toBeUndefined();
    expect(find(child)!.madeAt).toMatch(/:\d+:\d+/);
  });

  it('shows those that are alive, or with ended all', () => {
    const [page, leave] = withCancel(root);
    const [child] = withCancel(page);
    const kept = withoutCancel(page);
    expect(shape(ctxTree(root))).toEqual(['withCancel', '  withCancel', '  withoutCancel']);
    leave();
    expect(shape(ctxTree(root))).toEqual(['withoutCancel']);
    expect(shape(ctxTree(root, { ended: true }))).toEqual(['withCancel', '  withCancel', '  withoutCancel']);
    expect([page, child, kept].map((ctx) => find(ctx)!.state)).toEqual(['canceled', 'canceled', 'live']);
    expect(ctxTree(page)).toEqual([]);
  });

  it('asks: a deadline that has passed counts, and no listener is called', () => {
    const clock = new Clock();
    const [ctx] = withTimeout(withScheduler(root, clock), 10);
    let heard = 0;
    ctx.done$.subscribe(() => heard++);
    expect(find(ctx)!.state).toBe('live');
    clock.jump(10);
    expect(find(ctx)!.state).toBe('deadline');
    expect(heard).toBe(0);
  });

  it('counts the listeners and the linked children of each', () => {
    const [page] = withCancel(root);
    const [child] = withCancel(page);
    const value = withValue(page, user, 'SECRET');
    NEVER.pipe(takeUntilCtx(child)).subscribe();
    value.done$.subscribe();
    expect([page, child, value].map((ctx) => find(ctx)!.listeners)).toEqual([2, 1, 0]);
    expect(printCtxTree(root)).toMatch(
      /^#\d+ withCancel live, 2 listeners, made by .*\n {2}#\d+ withCancel live, 1 listener,/,
    );
  });

  it('shows contexts with a value with the end of the one that they end with', () => {
    const [page, leave] = withCancel(root);
    const value = withValue(page, user, 'SECRET');
    leave();
    expect(find(value)!.state).toBe('canceled');
    expect(find(value)!.endedBy).toBe(find(page)!.endedBy);
  });

  it('shows a foreign context as a root, and does not ask it for its name', () => {
    const foreign = Object.assign(mock(), { toString: () => 'SECRET' });
    const [child] = withCancel(foreign);
    expect(shape(ctxTree())).toEqual(['foreign', '  withCancel']);
    expect(shape(ctxTree(foreign))).toEqual(['withCancel']);
    expect(find(child)!.state).toBe('live');
  });

  it('shows a deadline with its time, and without where its clock throws', () => {
    const clock = new Clock();
    const at = clock.now() + 1_000;
    const [ctx] = withDeadline(withScheduler(root, clock), at);
    expect(find(ctx)!.label).toBe(`withDeadline(${new Date(at).toJSON()}, 1s left)`);
    clock.now = () => {
      throw new Error('SECRET');
    };
    expect(find(ctx)!.label).toBe('withDeadline');
    expect(find(ctx)!.state).toBe('live');
    expect(find(nameCtx(ctx, 'search'))!.label).toBe('withDeadline[search]');
  });

  it('keeps ids, which count up', () => {
    const infos = [0, 1, 2].map(() => find(withCancel(root)[0])!);
    expect(infos[1]!.id).toBeGreaterThan(infos[0]!.id);
    expect(find(infos[0]!.ctx)!.id).toBe(infos[0]!.id);
  });

  it('knows nothing while nothing is watched', () => {
    const [ctx] = withCancel(root);
    disposeOf(watching);
    expect(ctxTree()).toEqual([]);
    expect(ctxTree(ctx)).toEqual([]);
    expect(printCtxTree()).toBe('');
  });

  it('goes as deep as memory allows', () => {
    let ctx = root;
    for (let depth = 0; depth < 2_000; depth++) [ctx] = withCancel(ctx);
    expect(printCtxTree(root).split('\n').length).toBe(2_000);
    disposeOf(watching);
    watching = debugContexts({ stacks: false });
    for (let depth = 0; depth < 18_000; depth++) [ctx] = withCancel(ctx);
    let depth = 0;
    for (let infos = ctxTree(); infos.length > 0; infos = infos[0]!.children) depth++;
    expect(depth).toBe(20_002);
  });

  it('refuses what is no context, and no options', () => {
    expectRefused(
      'ctxTree: ctx must be a Context',
      notContexts.filter(([got]) => got !== undefined),
      (got) => ctxTree(got),
    );
    expectRefused('printCtxTree: options.ended must be true or false', wrongFlags, (got) =>
      printCtxTree(root, { ended: got }),
    );
    expectRefused('ctxTree: options must be an object', wrongOptions, (got) => ctxTree(root, got));
  });
});

describe('debugContexts', () => {
  it('is counted, and an end counts once', () => {
    const first = debugContexts();
    const second = debugContexts({ stacks: false });
    const [ctx] = withCancel(background());
    disposeOf(first);
    disposeOf(first);
    expect(find(ctx)).toBeDefined();
    disposeOf(second);
    expect(find(ctx)).toBeUndefined();
  });

  it('watches contexts that end, which were made before', () => {
    const [page, leave] = withCancel(background());
    const watching = debugContexts();
    page.done$.subscribe();
    leave('SECRET');
    const [child] = withCancel(page);
    expect(find(page)!.state).toBe('canceled');
    expect(find(child)!.state).toBe('canceled');
    disposeOf(watching);
  });

  it('refuses what are no options', () => {
    expectRefused('debugContexts: options must be an object', wrongOptions, (got) => debugContexts(got));
    expectRefused('debugContexts: options.stacks must be true or false', wrongFlags, (got) =>
      debugContexts({ stacks: got }),
    );
    const [ctx] = withCancel(background());
    expect(find(ctx)).toBeUndefined();
  });
});

describe('nameCtx', () => {
  it('shows the name in String(ctx), of those below too, and returns the context', () => {
    const [page] = withCancel(background());
    const [search] = withTimeout(nameCtx(page, 'page'), 1_000_000);
    const ctx = withValue(nameCtx(search, 'search'), user, 'SECRET');
    expect(nameCtx(ctx, 'who')).toBe(ctx);
    expect(String(ctx)).toMatch(
      /^background\.withCancel\[page\]\.withDeadline\(.*, 1000s left\)\[search\]\.withValue\(user\)\[who\]$/,
    );
  });

  it('replaces a name', () => {
    const [ctx] = withCancel(background());
    nameCtx(nameCtx(ctx, 'one'), 'two');
    expect(String(ctx)).toBe('background.withCancel[two]');
  });

  it('leaves the context as it was otherwise', () => {
    const [ctx, cancel] = withCancel(background());
    nameCtx(ctx, 'page');
    const heard: unknown[] = [];
    ctx.done$.subscribe((err) => heard.push(err));
    cancel('why');
    expect(heard).toEqual([ctx.err]);
    expect(ctx.cause).toBe('why');
  });

  it('shows the name of a frozen context, and of a foreign one, in the tree', () => {
    const watching = debugContexts();
    const frozen = Object.freeze(withCancel(background())[0]);
    const foreign = mock();
    withCancel(nameCtx(foreign, 'theirs'));
    nameCtx(frozen, 'cold');
    expect(find(frozen)!.label).toBe('withCancel[cold]');
    expect(find(frozen)!.name).toBe('cold');
    expect(String(frozen)).toBe('background.withCancel');
    expect(shape(ctxTree()).find((label) => label.startsWith('foreign'))).toBe('foreign[theirs]');
    disposeOf(watching);
  });

  it('refuses what is no context and no name', () => {
    const [ctx] = withCancel(background());
    expectRefused('nameCtx: ctx must be a Context', notContexts, (got) => nameCtx(got, 'page'));
    expectRefused('nameCtx: name must be a string that is not empty', wrongNames, (got) => nameCtx(ctx, got));
    expect(String(ctx)).toBe('background.withCancel');
  });
});
