import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { PerformanceObserver } from 'node:perf_hooks';
import { inspect } from 'node:util';
import { NEVER, Subject } from 'rxjs';
import { background, contextKey, usingCtx, withCancel, withCancelOn, withTimeout, withValue } from '../../lib/index.js';
import { ctxTree, debugContexts, nameCtx, printCtxTree, publishContexts } from '../../lib/debug/index.js';
import type { CtxCreated, CtxEnded } from '../../lib/debug/index.js';
import { trackContexts } from '../../lib/testing/index.js';
import { disposeOf } from '../helpers/dispose.js';
import { mock } from '../helpers/foreign.js';
import { expectRefused } from '../helpers/operators.js';
import { macrotask } from '../support/unhandled-errors.js';

const secret = 'hunter2';

describe('publishContexts', () => {
  let created: CtxCreated[];
  let ended: CtxEnded[];
  const onCreated = (message: unknown) => created.push(message as CtxCreated);
  const onEnded = (message: unknown) => ended.push(message as CtxEnded);
  let publishing: Disposable;

  beforeEach(() => {
    created = [];
    ended = [];
    subscribe('rxjs-ctx:created', onCreated);
    subscribe('rxjs-ctx:ended', onEnded);
    publishing = publishContexts();
  });
  afterEach(() => {
    unsubscribe('rxjs-ctx:created', onCreated);
    unsubscribe('rxjs-ctx:ended', onEnded);
    disposeOf(publishing);
  });

  it('publishes what is made, when it is whole, with the id of its parent', async () => {
    const [page] = withCancel(background());
    const [search] = withTimeout(page, 1_000_000);
    expect(created).toEqual([]);
    await macrotask();
    expect(created.map(({ ctx }) => ctx)).toEqual([page, search]);
    const [first, second] = created as [CtxCreated, CtxCreated];
    expect(second.parent).toBe(first.id);
    expect(first.label).toBe('withCancel');
    expect(second.label).toMatch(/^withDeadline\(.*, 1000s left\)$/);
  });

  it('publishes what ends, how and after how long, children when somebody looks at them', async () => {
    const [page, leave] = withCancel(background());
    const [child] = withCancel(page);
    const [late] = withTimeout(background(), 0);
    leave(secret);
    await macrotask();
    expect(ended.map(({ ctx, state }) => [ctx, state])).toEqual([
      [late, 'deadline'],
      [page, 'canceled'],
    ]);
    expect(ended[1]!.ms).toBeGreaterThanOrEqual(0);
    expect(ended[1]!.ms).toBeLessThan(10_000);
    expect(child.err).toBe(page.err);
    await macrotask();
    expect(ended.map(({ ctx }) => ctx)).toEqual([late, page, child]);
  });

  it('says no time of a context that was made before', async () => {
    disposeOf(publishing);
    const [page, leave] = withCancel(background());
    publishing = publishContexts();
    leave();
    await macrotask();
    expect(ended.map(({ ctx, ms }) => [ctx, ms])).toEqual([[page, undefined]]);
  });

  it('leaves out the promises and observables that contexts follow', async () => {
    const source = new Subject<string>();
    const [ctx] = withCancelOn(background(), source, Promise.resolve());
    source.next('');
    await macrotask();
    expect(created.map((message) => message.ctx)).toEqual([ctx]);
    expect(ended.map((message) => message.ctx)).toEqual([ctx]);
  });

  it('publishes nothing without subscribers, and after it is disposed of', async () => {
    unsubscribe('rxjs-ctx:created', onCreated);
    unsubscribe('rxjs-ctx:ended', onEnded);
    withCancel(background())[1]();
    await macrotask();
    subscribe('rxjs-ctx:created', onCreated);
    subscribe('rxjs-ctx:ended', onEnded);
    disposeOf(publishing);
    withCancel(background())[1]();
    await macrotask();
    expect([created, ended]).toEqual([[], []]);
  });

  it('measures what has ended, for the Performance panel, and keeps no entry', async () => {
    const entries: PerformanceEntry[] = [];
    const observer = new PerformanceObserver((list) => entries.push(...list.getEntries()));
    observer.observe({ entryTypes: ['measure'] });
    disposeOf(publishing);
    const before = withCancel(background());
    using _measuring = publishContexts({ performance: true });
    using _debugging = debugContexts();
    const [page, leave] = withCancel(background());
    nameCtx(page, 'page');
    const [late] = withTimeout(background(), 0);
    leave();
    before[1]();
    await macrotask();
    await macrotask();
    observer.disconnect();
    const details = (entries as PerformanceMeasure[]).map(({ name, detail }) => [
      name.replace(/^#\d+ /, ''),
      (detail as Detail).devtools,
    ]);
    expect(details).toEqual([
      ['withCancel[page]', jasmine.objectContaining({ dataType: 'track-entry', color: 'primary' })],
      [jasmine.stringMatching(/^withDeadline\(/), jasmine.objectContaining({ track: 'contexts', color: 'error' })],
    ] as never);
    const properties = Object.fromEntries((details[0]![1] as Detail['devtools']).properties);
    expect(properties['made by']).toContain('spec/debug/publishContexts.node.spec.ts');
    expect(properties['ended by']).toContain('spec/debug/publishContexts.node.spec.ts');
    expect(late.err).toBeDefined();
    expect(performance.getEntriesByType('measure')).toEqual([]);
  });

  it('refuses what are no options', () => {
    expectRefused(
      'publishContexts: options must be an object',
      [
        [true, 'true'],
        [null, 'null'],
      ],
      (got) => publishContexts(got),
    );
    expectRefused('publishContexts: options.performance must be true or false', [[1, '1']], (got) =>
      publishContexts({ performance: got }),
    );
  });
});

interface Detail {
  readonly devtools: { readonly properties: readonly (readonly [string, string])[] };
}

describe('secrets', () => {
  const user = contextKey<string>('user');

  it('leave by no output of debugging: trees, text, names, leak reports, channels and performance entries', async () => {
    const said: unknown[] = [];
    const keep = (message: unknown) => said.push(message);
    subscribe('rxjs-ctx:created', keep);
    subscribe('rxjs-ctx:ended', keep);
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) keep(entry.toJSON());
    });
    observer.observe({ entryTypes: ['measure'] });
    const tracked = trackContexts();
    const watching = [debugContexts(), publishContexts({ performance: true })];

    const failure = new Error(secret, { cause: secret });
    const gone = new AbortController();
    const [page, leave] = withCancel(withValue(background(), user, secret));
    const [late] = withTimeout(nameCtx(page, 'page'), 0, { cause: failure });
    const [followed] = withCancelOn(page, gone.signal, Promise.reject(failure));
    const foreign = mock();
    foreign.value = () => secret as never;
    const [below] = withCancel(foreign);
    usingCtx(page, () => NEVER, { timeoutMs: 1_000_000, cause: secret }).subscribe({ error: () => undefined });
    for (const ctx of [page, late, followed, below]) ctx.done$.subscribe();

    expect(() => tracked.expectNoneLeft()).toThrowMatching((error: Error) => said.push(error) > 0);
    said.push(ctxTree(), printCtxTree());
    await macrotask();
    gone.abort(failure);
    leave(failure);
    await macrotask();
    await macrotask();
    said.push(ctxTree(undefined, { ended: true }), printCtxTree(undefined, { ended: true }));

    observer.disconnect();
    unsubscribe('rxjs-ctx:created', keep);
    unsubscribe('rxjs-ctx:ended', keep);
    for (const one of [tracked, ...watching]) disposeOf(one);
    expect(page.cause).toBe(failure);
    expect(said.length).toBeGreaterThan(15);
    expect(said.some((one) => JSON.stringify(one).includes('track-entry'))).toBeTrue();
    const texts = said.flatMap((one) => [
      inspect(one, { depth: Infinity }),
      JSON.stringify(one),
      (one as Partial<Error>).message ?? '',
    ]);
    expect(texts.filter((text) => text.includes(secret))).toEqual([]);
    expect(texts.filter((text) => text.includes('withCancel')).length).toBeGreaterThan(10);
  });
});
