// The contexts of a history, and what happens to them, with nothing left to chance: what was lived once can be replayed.
import { defer, of } from 'rxjs';
import type { SchedulerLike } from 'rxjs';
import {
  background,
  contextKey,
  withCancel,
  withCancelOn,
  withDeadline,
  withScheduler,
  withTimeout,
  withValue,
  withoutCancel,
} from '../../lib/index.js';
import type { CancelFunc, Context, ContextError } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { embed, mock, proxy, wrap } from '../helpers/foreign.js';
import type { Mock } from '../helpers/foreign.js';
import type { Derivation } from './histories.js';
import { listen } from '../helpers/listen.js';
import type { Heard } from '../helpers/listen.js';
import { inputs, nameOfOutside, outside } from './externalSource.js';
import type { ExternalSource } from './externalSource.js';

export const keys = [contextKey<number>('a'), contextKey<number>('b'), contextKey('c', { default: -1 })] as const;

/** Several schedulers, whose clocks show the same time. */
export const schedulers = 3;

/** What happens to the contexts from outside. */
export interface Step {
  readonly act: Derivation | 'cancel' | 'speak' | 'end';
  /** The number of a context, in the order in which they were derived. The root is 0. */
  readonly ctx: number;
  /** The number of another context, a key, a scheduler, or something outside. */
  readonly other: number;
  /** Numbers of more contexts to follow. */
  readonly more: readonly number[];
  /** A time, a value, or how something speaks. */
  readonly n: number;
  readonly cause: unknown;
  /** When it happens. */
  readonly frame: number;
}

export class System {
  readonly clock = new Clock();
  readonly contexts: Context[] = [];
  readonly cancels: (CancelFunc | undefined)[] = [];
  readonly mocks = new Map<number, Mock>();
  private readonly outside = new Map<number, ExternalSource>();
  private readonly schedulers: readonly SchedulerLike[];

  /** @param heard what somebody on every context hears; without it nobody listens */
  constructor(private readonly heard?: Heard[]) {
    const { clock } = this;
    const other = (): SchedulerLike => ({ now: () => clock.now(), schedule: clock.schedule.bind(clock) });
    this.schedulers = Array.from({ length: schedulers }, (_, index) => (index === 0 ? clock : other()));
    this.add(withScheduler(background(), clock));
  }

  take({ act, ctx: id, other, more, n, cause }: Step): void {
    const ctx = this.contexts[id]!;
    switch (act) {
      case 'withCancel':
        return this.add(...withCancel(ctx));
      case 'withTimeout':
        return this.add(...withTimeout(ctx, n, { cause }));
      case 'withDeadline':
        return this.add(...withDeadline(ctx, Number.isInteger(n) ? new Date(n) : n, { cause }));
      case 'withValue':
        return this.add(withValue(ctx, keys[other]!, n));
      case 'withoutCancel':
        return this.add(withoutCancel(ctx));
      case 'withScheduler':
        return this.add(withScheduler(ctx, this.schedulers[other]!));
      case 'wrap':
        return this.add([wrap, embed, proxy][n % 3]!(ctx));
      case 'mock':
        return this.add(this.mock(n === 0 ? undefined : n));
      case 'followCtx':
        return this.add(...withCancelOn(ctx, ...[other, ...more].map((index) => this.contexts[index]!)));
      case 'followOutside':
        return this.add(...withCancelOn(ctx, this.outsideOf(other).source));
      case 'followInput':
        return this.add(...withCancelOn(ctx, inputs(cause)[n]!));
      case 'cancel':
        return cause === undefined ? this.cancels[id]!() : this.cancels[id]!(cause);
      case 'speak':
        return this.outsideOf(other).speak(n, cause);
      case 'end':
        return this.mocks.get(id)!.end(cause as ContextError, n === 0 ? cause : n);
    }
  }

  outsideOf(index: number): ExternalSource {
    const made = this.outside.get(index) ?? outside(index);
    this.outside.set(index, made);
    return made;
  }

  /** Time passes until `frame`, and every timer that falls due fires; `then` is called after those of one instant. */
  fireUntil(frame: number, then?: () => void): void {
    const { clock } = this;
    for (;;) {
      const due = clock.actions[0]?.delay ?? Infinity;
      if (due > Math.max(frame, clock.frame)) break;
      clock.maxFrames = due;
      clock.flush();
      then?.();
    }
    clock.frame = Math.max(frame, clock.frame);
  }

  /** What is still linked or armed. */
  left(): string {
    const counts = [
      ...this.contexts.map((ctx, id) => [`listeners of ${nameOf(id)}`, listenerCount(ctx)] as const),
      ...[...this.mocks].map(([id, { open }]) => [`subscribers of ${nameOf(id)}`, open] as const),
      ...[...this.outside].map(
        ([index, { listeners }]) => [`listeners of ${nameOfOutside(index)}`, listeners] as const,
      ),
      ['timers', this.clock.actions.length] as const,
    ];
    return counts
      .filter(([, count]) => count !== 0)
      .map(([what, count]) => `${what}: ${count}`)
      .join(', ');
  }

  private add(ctx: Context, cancel?: CancelFunc): void {
    const id = this.contexts.push(ctx) - 1;
    this.cancels[id] = cancel;
    if (this.heard) this.heard[id] = listen(ctx);
  }

  /** An implementation of somebody else, which knows the scheduler, and tells late subscribers too. */
  private mock(deadline: number | undefined): Context {
    const made = mock(deadline);
    const { done$ } = made;
    this.mocks.set(this.contexts.length, made);
    return Object.assign(made, {
      done$: defer(() => (made.err === undefined ? done$ : of(made.err))),
      value: wrap(this.contexts[0]!).value,
    });
  }
}

export function nameOf(id: number): string {
  return id === 0 ? 'root' : `c${id}`;
}

/** A cause or an error. */
export function print(cause: unknown): string {
  return cause instanceof Error ? cause.message : JSON.stringify(cause);
}

/** @param made the number of the context that it derives, if it does */
export function describeStep({ act, n, ctx, other, more, cause }: Step, made: number): string {
  const given = cause === undefined ? '' : `, ${print(cause)}`;
  const of = nameOf(ctx);
  switch (act) {
    case 'cancel':
      return `cancel ${of}${given}`;
    case 'speak':
      return `${nameOfOutside(other)} ${other % 2 === 1 ? 'aborts' : n === 0 ? 'completes' : n === 1 ? 'errors' : 'emits'}${given}`;
    case 'end':
      return `mock ${of} ends${given}`;
    case 'mock':
      return `${nameOf(made)} = mock(${n === 0 ? '' : n})`;
    case 'withTimeout':
    case 'withDeadline':
      return `${nameOf(made)} = ${act}(${of}, ${n}${given})`;
    case 'withValue':
      return `${nameOf(made)} = withValue(${of}, ${keys[other]!.name}, ${n})`;
    case 'withScheduler':
      return `${nameOf(made)} = withScheduler(${of}, scheduler ${other})`;
    case 'followCtx':
      return `${nameOf(made)} = withCancelOn(${of}, ${[other, ...more].map(nameOf).join(', ')})`;
    case 'followOutside':
      return `${nameOf(made)} = withCancelOn(${of}, ${nameOfOutside(other)})`;
    case 'followInput':
      return `${nameOf(made)} = withCancelOn(${of}, ${['NEVER', 'EMPTY', `of(${print(cause)})`, `throwError(${print(cause)})`][n]!})`;
    default:
      return `${nameOf(made)} = ${act}(${of})`;
  }
}
