// One cancel that reaches many, and many that leave one by one. An operation is one subscriber.
import { setMaxListeners } from 'node:events';
import { NEVER, Observable, Subject, fromEvent, takeUntil } from 'rxjs';
import type { Subscription } from 'rxjs';
import { background, takeUntilCtx, withCancel } from 'rxjs-ctx';
import { keep, ours, shuffled, timed } from './harness.js';
import type { Row, Shot } from './harness.js';

const observer = { next: keep, error: keep, complete: () => keep(undefined) };

/** Something that many streams end with: the stream, and what ends it. */
type Ending = () => [stream: Observable<unknown>, end: () => void];

const byContext: Ending = () => {
  const [ctx, cancel] = withCancel(background());
  return [NEVER.pipe(takeUntilCtx(ctx)), cancel];
};

const bySubject: Ending = () => {
  const done = new Subject<void>();
  return [NEVER.pipe(takeUntil(done)), () => done.next()];
};

const bySignal: Ending = () => {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return [NEVER.pipe(takeUntil(fromEvent(controller.signal, 'abort'))), () => controller.abort()];
};

/** Streams that nothing ends, with a teardown that does nothing: what is left is RxJS and the memory. */
const byNothing: Ending = () => {
  const stream = new Observable((subscriber) => {
    subscriber.add(teardown);
    NEVER.subscribe(subscriber);
  });
  return [stream, () => undefined];
};

const teardown = { unsubscribe: () => keep(undefined) };

function canceling(count: number, ending: Ending): Shot {
  let end = (): void => undefined;
  return {
    ops: count,
    prepare() {
      const [stream, endStream] = ending();
      for (let i = 0; i < count; i++) stream.subscribe(observer);
      end = endStream;
    },
    run() {
      end();
    },
  };
}

const orders: Record<string, (count: number) => Uint32Array> = {
  'in order': (count) => Uint32Array.from({ length: count }, (_, i) => i),
  'in reverse': (count) => Uint32Array.from({ length: count }, (_, i) => count - 1 - i),
  'at random': shuffled,
};

function leaving(count: number, ending: Ending, order: (count: number) => Uint32Array): Shot {
  const leaveAt = order(count);
  const subscriptions = new Array<Subscription>(count);
  return {
    ops: count,
    prepare() {
      const [stream] = ending();
      for (let i = 0; i < count; i++) subscriptions[i] = stream.subscribe(observer);
    },
    run() {
      for (const i of leaveAt) subscriptions[i]!.unsubscribe();
    },
  };
}

/** A `Subject` takes its observers one by one out of an array, and looks for each: quadratic. */
const mostForSubject = { canceling: 100_000, leaving: 10_000 };
/** Node looks through all listeners of a signal before it adds or takes off another one. */
const mostForSignal = 10_000;

function contestants(
  size: number,
  mostOfSubject: number,
  shot: (size: number, ending: Ending) => Shot,
  withTenth = true,
): Record<string, () => Shot> {
  const warm = (count: number, ending: Ending) => (): Shot => ({ ...shot(count, ending), small: shot(1_000, ending) });
  return {
    [ours]: warm(size, byContext),
    ...(withTenth && size >= 100_000 && { [`rxjs-ctx with ${size / 10}`]: warm(size / 10, byContext) }),
    ...(size <= mostOfSubject && {
      'takeUntil(subject)': () => ({ ...warm(size, bySubject)(), once: size === mostForSubject.canceling }),
    }),
    ...(size <= mostForSignal && { "takeUntil(fromEvent(signal, 'abort'))": warm(size, bySignal) }),
  };
}

const floor = 'floor: teardowns that do nothing';
const sizes = [1_000, 10_000, 100_000, 1_000_000];

export default [
  ...sizes.map((size) => timed(`one cancel reaching ${size}`, contestants(size, mostForSubject.canceling, canceling))),
  ...Object.entries(orders).flatMap(([name, order]) =>
    sizes.map((size) => {
      const shot = (count: number, ending: Ending) => leaving(count, ending, order);
      return timed(`unsubscribing ${size} ${name}`, {
        ...contestants(size, mostForSubject.leaving, shot, name === 'at random'),
        ...(name === 'at random' && {
          [floor]: () => shot(size, byNothing),
          ...(size >= 100_000 && { [`${floor} with ${size / 10}`]: () => shot(size / 10, byNothing) }),
        }),
      });
    }),
  ),
] satisfies Row[];
