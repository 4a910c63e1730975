// What contexts inherit: the clock, the nearest deadline, the values.
import type { SchedulerLike } from 'rxjs';
import type { End } from './errors.js';
import type { ContextKey } from './key.js';
import type { Ctx } from './node.js';

/** What a context inherits, shared by all that inherit the same. */
export class Scope {
  constructor(
    readonly scheduler: SchedulerLike,
    /** The nearest context above with a deadline: the earliest one of its clock. */
    readonly limit: Limit | undefined,
    readonly values: Value | undefined,
    /** Whose values come after `values`. */
    readonly foreign: Foreign | undefined,
    /** Whether ends from above may not say when they came, since they are foreign: a deadline here cannot wait to be asked. */
    readonly eager: boolean,
  ) {}
}

/** What a deadline is to those below it. */
export interface Limit {
  /** The context that has it. */
  readonly node: Ctx;
  /** Epoch ms. */
  readonly at: number | undefined;
  /** The clock of `at`; undefined when it is not ours to read. */
  readonly clock: SchedulerLike | undefined;
  /** The clock of this deadline and of all beyond, where that is one. */
  readonly soleClock: SchedulerLike | undefined;
  /** The nearest deadline above that is not known to be later: one on another clock. */
  readonly beyond: Limit | undefined;
  /**
   * Asked while its context has no end. Its end by this deadline, if that passed before the nearest end above came or, without
   * one, has passed by now. Calls no listener: they hear from the timer.
   */
  overdue(end: End | undefined): End | undefined;
}

/** A context that is not ours. */
export interface Foreign {
  /** Looks whether it has ended, and stores the end. */
  poll(): void;
  value<T, D extends T | undefined>(key: ContextKey<T, D>): T | D;
}

/** One value and those that it was put upon. */
export class Value {
  constructor(
    readonly key: unknown,
    readonly value: unknown,
    readonly next: Value | undefined,
  ) {}
}
