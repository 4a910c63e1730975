// Several sources, sources that many follow, and what is seen in the middle of a cancellation.
import { NEVER, Observable, Subject, of } from 'rxjs';
import {
  CanceledError,
  DeadlineExceededError,
  afterFunc,
  background,
  withCancel,
  withCancelOn,
  withDeadline,
  withScheduler,
  withTimeout,
} from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { mock } from '../helpers/foreign.js';

const settle = () => new Promise((resolve) => setTimeout(resolve));

describe('withCancelOn (several sources)', () => {
  it('ends with the first of them, and lets go of all', () => {
    for (const first of [0, 1, 2]) {
      const [a, cancelA] = withCancel(background());
      const controller = new AbortController();
      const subject = new Subject<string>();
      const [ctx] = withCancelOn(background(), a, controller.signal, subject);
      const end = [() => cancelA('a'), () => controller.abort('signal'), () => subject.next('subject')];
      end[first]!();
      expect(ctx.cause).toBe(first === 0 ? a.err : ['', 'signal', 'subject'][first]);
      expect([listenerCount(a), subject.observed]).toEqual([0, false]);
      for (const again of end) again();
    }
  });

  it('ends with the first in the list of those that are done already', () => {
    const [a, cancelA] = withCancel(background());
    cancelA('a');
    const aborted = AbortSignal.abort('aborted');
    expect(withCancelOn(background(), NEVER, a, aborted)[0].cause).toBe(a.err);
    expect(withCancelOn(background(), aborted, a)[0].cause).toBe('aborted');
    expect(withCancelOn(a, aborted)[0].err).toBe(a.err);
  });

  it('follows no further source when one has ended it meanwhile', () => {
    const subject = new Subject();
    expect(withCancelOn(background(), of('at once'), subject)[0].cause).toBe('at once');
    expect(subject.observed).toBeFalse();
  });

  it('notices that one source ends another while they are being followed', () => {
    const [other, cancelOther] = withCancel(background());
    const source = new Observable(() => {
      cancelOther('gone');
    });
    const [ctx] = withCancelOn(background(), source, other);
    expect(ctx.cause).toBe(other.err);
    expect(listenerCount(ctx)).toBe(0);
  });

  it('has the earliest deadline of all', () => {
    const root = withScheduler(background(), new Clock());
    const [parent] = withTimeout(root, 30);
    const [ctx] = withCancelOn(parent, withTimeout(root, 20)[0], withTimeout(root, 10)[0], NEVER);
    expect(ctx.deadline).toBe(10);
  });

  it('without any is a plain withCancel', () => {
    expect(String(withCancelOn(background())[0])).toBe('background.withCancel');
  });
});

describe('withCancelOn (half of a cancellation)', () => {
  it('is seen by none of two that follow one context or signal', () => {
    const controller = new AbortController();
    const [source, cancelSource] = withCancel(background());
    for (const [of, end] of [
      [source, () => cancelSource('gone')],
      [controller.signal, () => controller.abort('gone')],
    ] as const) {
      const [a] = withCancelOn(background(), of);
      const [b] = withCancelOn(background(), of);
      const [below] = withCancel(b);
      const seen: unknown[] = [];
      afterFunc(a, () => seen.push(b.err, below.err));
      end();
      expect(seen).toEqual([b.err, below.err]);
      expect(b.err).toBeInstanceOf(CanceledError);
    }
  });

  it('is not seen from an event listener of a signal that came before ours', () => {
    const controller = new AbortController();
    const seen: unknown[] = [];
    controller.signal.addEventListener('abort', () => seen.push(ctx.cause));
    const [ctx] = withCancelOn(background(), controller.signal);
    controller.abort('gone');
    expect(seen).toEqual(['gone']);
  });

  it('is not seen through a deep diamond, which takes no time that doubles with each level', () => {
    const [source, cancel] = withCancel(background());
    let [a, b] = [source, source];
    for (let i = 0; i < 1_000; i++) [a, b] = [withCancelOn(a, b)[0], withCancelOn(b, a)[0]];
    let seen: unknown;
    afterFunc(source, () => (seen = a.err));
    cancel();
    expect(seen).toBe(source.err);
  });

  it('is pulled through more sources than are watched one by one', () => {
    const mocks = Array.from({ length: 20 }, () => mock());
    const [ctx] = withCancelOn(background(), ...mocks);
    const [below] = withCancelOn(background(), ctx);
    expect(below.err).toBeUndefined();
    mocks[13]!.set(new CanceledError('thirteen'));
    expect((below.cause as CanceledError).cause).toBe(mocks[13]!.err);
  });
});

describe('withCancelOn (a promise)', () => {
  it('carries one reaction of ours, however many contexts follow it, and holds none that is done', async () => {
    let reactions = 0;
    let settlePromise: (value: string) => void = () => undefined;
    const promise = new Promise<string>((resolve) => (settlePromise = resolve));
    const then = promise.then.bind(promise);
    promise.then = ((...args: Parameters<typeof then>) => {
      reactions++;
      return then(...args);
    }) as typeof promise.then;
    for (let i = 0; i < 100; i++) withCancelOn(background(), promise)[1]();
    const [ctx] = withCancelOn(background(), promise);
    const [other] = withCancelOn(background(), promise);
    expect(reactions).toBe(1);
    settlePromise('done');
    await settle();
    expect([ctx.cause, other.cause]).toEqual(['done', 'done']);
    expect(withCancelOn(background(), promise)[0].cause).toBe('done');
  });

  it('may be a thenable whose then() throws', () => {
    const broken = {
      then() {
        throw new Error('no then');
      },
    };
    expect((withCancelOn(background(), broken as never)[0].cause as Error).message).toBe('no then');
  });
});

describe('withCancelOn (the kind)', () => {
  it('follows the source', () => {
    const clock = new Clock();
    const root = withScheduler(background(), clock);
    const [late] = withDeadline(root, 5);
    const [ctx] = withCancelOn(root, late);
    clock.jump(5);
    expect(ctx.err).toBeInstanceOf(DeadlineExceededError);
    expect(ctx.err).not.toBe(late.err);
    expect(ctx.cause).toBe(late.err);
  });
});

describe('what embeds a context', () => {
  it('is honored as a context of its own: its err counts', () => {
    const err = new CanceledError('mine');
    for (const embed of [
      (ctx: object) => Object.create(ctx, { err: { value: err }, cause: { value: 'mine' } }) as never,
      (ctx: object) =>
        new Proxy(ctx, {
          get: (target, name) => (name === 'err' ? err : (Reflect.get(target, name) as unknown)),
        }) as never,
    ]) {
      const [ctx] = withCancel(background());
      expect(withCancel(embed(ctx))[0].err).toBe(err);
      expect(ctx.err).toBeUndefined();
    }
  });
});
