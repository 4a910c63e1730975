// A group is over when its body and all that it began have ended: `pending` counts those. The first failure, or the parent's
// end, ends `node`: then observables are unsubscribed, what waits for its turn is rejected, and promises are waited for.
import { Observable } from 'rxjs';
import type { ObservableInput } from 'rxjs';
import { cancel, knownEndOf, listen } from '../core/cancellation.js';
import type { Context, CoreContext } from '../core/context.js';
import { ContextNode } from '../core/contextNode.js';
import { errorOf } from '../core/derive.js';
import type { End } from '../core/errors.js';
import { toInternal } from '../core/foreign.js';
import { invalidArgument } from '../core/invalidArgument.js';
import { Listener, unlink } from '../core/listenerList.js';
import { report } from '../core/timer.js';
import { fromInput } from '../observables/fromInput.js';
import { errorSubscriber } from '../observables/runWithChild.js';
import { fifo } from './fifo.js';

/** @see {@link groupCtx} */
export interface GroupOptions {
  /** How many members run at a time; more wait in order. An integer from 1 up. Default: `Infinity`. */
  readonly limit?: number | undefined;
  /**
   * `'cancel'` (default): the first failure cancels the others, and is what the group rejects with, as in Go's errgroup.
   * `'continue'`: a failure is that of its own promise only, as in a supervisor scope.
   */
  readonly onError?: 'cancel' | 'continue' | undefined;
}

/** What the body of {@link groupCtx} starts its work with. */
export interface Group {
  /** Child of the parent: done at the first failure, when the parent is, and when the group is over. */
  readonly ctx: Context;
  /**
   * Runs `work` as a member of the group: at once or, with a `limit`, in its turn. Members may start members.
   *
   * Nobody has to await the promise: the group waits for every member, and has its error.
   *
   * @param work what it returns is awaited, if a promise, or else subscribed to; it has to watch its ctx, which is the group's
   * @returns the result of the work: of a promise its value, of a stream its last value, `undefined` for none
   * @throws TypeError when work is not a function
   */
  go<O extends ObservableInput<unknown>>(work: (ctx: Context) => O): Promise<GroupResult<O>>;
}

/** What a member of a group results in: a promise's value; of anything else the last value, if there was one. */
export type GroupResult<O> =
  O extends PromiseLike<infer T> ? T : O extends ObservableInput<infer T> ? T | undefined : never;

/**
 * Runs `body`, and settles only when that and everything that it started with `group.go` has ended: nothing runs on behind
 * the back of the caller.
 *
 * The first failure, of a member or of the body, cancels `group.ctx` with that error as the cause, and is what the promise
 * rejects with, once all have ended. When the parent ends, it rejects with `parent.err`, once all have ended. Observable
 * members are unsubscribed at once; a promise cannot be stopped from outside and is waited for, so give it `group.ctx`.
 * A parent that is done already: rejects with its `err`, and `body` is not called.
 *
 * With `onError: 'continue'` a member's failure is left to whoever awaits its promise. One that nobody took when the group is
 * over is reported as RxJS reports an unhandled error. A body that fails still cancels all.
 *
 * @example
 * ```ts
 * import { background, groupCtx, sleepCtx } from 'rxjs-ctx';
 *
 * await groupCtx(background(), (group) => {
 *   for (const ms of [30, 10, 20]) void group.go((ctx) => sleepCtx(ctx, ms));
 * }, { limit: 2 });
 * ```
 *
 * @param parent the group's context is a child of it
 * @param body starts the members; may be `async`
 * @param options `limit` and `onError`
 * @returns what `body` returns
 * @throws TypeError when an argument is not what it must be
 * @see https://pkg.go.dev/golang.org/x/sync/errgroup
 */
export function groupCtx<T>(
  parent: CoreContext,
  body: (group: Group) => T | PromiseLike<T>,
  options?: GroupOptions,
): Promise<T> {
  const node = toInternal(parent, 'groupCtx', 'parent');
  if (typeof body !== 'function') throw invalidArgument('groupCtx', 'body', 'a function', body);
  return runGroup('groupCtx', node, options, (run) => {
    const group: Group = { ctx: run.node, go: (work) => run.go(work) as never };
    return body(group);
  });
}

/** @param call the name of the function that refuses bad options */
export function runGroup<T>(
  call: string,
  parent: ContextNode,
  options: GroupOptions = {},
  body: (run: GroupRun) => T | PromiseLike<T>,
): Promise<T> {
  if (Object(options) !== options) throw invalidArgument(call, 'options', 'an object', options);
  const { limit = Infinity, onError = 'cancel' } = options;
  if (!(limit === Infinity || (Number.isInteger(limit) && limit >= 1))) {
    throw invalidArgument(call, 'limit', 'an integer from 1 up or Infinity', limit);
  }
  if (!['cancel', 'continue'].includes(onError)) {
    throw invalidArgument(call, 'onError', "'cancel' or 'continue'", onError);
  }
  return new Promise((resolve, reject) => {
    const end = parent.canceler && knownEndOf(parent.canceler);
    if (end === undefined) new GroupRun(parent, limit, onError === 'continue', resolve as never, reject).run(body);
    else reject(end.error);
  });
}

type Work = (ctx: Context) => unknown;
type Resolve = (value: unknown) => void;
type Reject = (error: unknown) => void;

export class GroupRun {
  readonly node: ContextNode;
  /** What the group waits for: the body, and the members that run or wait for their turn. */
  private pending = 1;
  private running = 0;
  private readonly waiting = fifo<Waiting>();
  /** Set while a loop starts those that wait: members that end synchronously need no stack. */
  private starting = false;
  private isOver = false;
  /** The first failure; undefined while there is none. */
  private failure: { readonly error: unknown } | undefined = undefined;
  private value: unknown = undefined;
  /** With `'continue'`: the members that failed. */
  private readonly failed: { readonly promise: MemberPromise; readonly error: unknown }[] = [];

  constructor(
    parent: ContextNode,
    private readonly limit: number,
    private readonly continues: boolean,
    private readonly resolve: Resolve,
    private readonly reject: Reject,
  ) {
    this.node = new ContextNode(parent, parent.scope, undefined);
  }

  run(body: (run: GroupRun) => unknown): void {
    try {
      const result = body(this);
      if (isThenable(result)) Promise.resolve(result).then(this.endBody, this.failBody);
      else this.endBody(result);
    } catch (error) {
      this.failBody(error);
    }
  }

  private readonly endBody = (value: unknown): void => {
    this.value = value;
    this.pending--;
    this.settleIfOver();
  };

  private readonly failBody = (error: unknown): void => {
    this.end(error);
    this.endBody(undefined);
  };

  go(work: Work): Promise<unknown> {
    if (typeof work !== 'function') throw invalidArgument('go', 'work', 'a function', work);
    if (this.isOver) return Promise.reject(new Error('go: the group is over'));
    if (this.continues) return this.supervise(work);
    if (!this.canBegin()) return handled(new Promise((resolve, reject) => this.start(work, resolve, reject)));
    this.pending++;
    const running = this.begin(work);
    if (!(running instanceof Promise)) {
      return handled(new Promise((resolve, reject) => this.follow(running, resolve, reject)));
    }
    // The promise of the work is as good as one of ours, which it saves.
    running.then(this.leave, this.fail);
    return running;
  }

  private supervise(work: Work): Promise<unknown> {
    let resolve!: Resolve;
    let reject!: Reject;
    const promise = new MemberPromise((...settle) => ([resolve, reject] = settle));
    this.start(work, resolve, (error) => {
      if (errorOf(this.node, error) !== this.node.err) this.failed.push({ promise, error });
      reject(error);
    });
    return promise;
  }

  /** Runs `work` now or in its turn, and calls one of the two when it has ended. */
  start(work: Work, resolve: Resolve, reject: Reject): void {
    const end = knownEndOf(this.node);
    if (end !== undefined) {
      reject(end.error);
      return;
    }
    this.pending++;
    if (this.canBegin()) this.follow(this.begin(work), resolve, reject);
    else this.waiting.push(listen(this.node, new Waiting(this, work, resolve, reject)));
  }

  private canBegin(): boolean {
    return this.running < this.limit && this.waiting.size === 0 && knownEndOf(this.node) === undefined;
  }

  private begin(work: Work): Promise<unknown> | Observable<unknown> {
    this.running++;
    try {
      const input = work(this.node);
      return isThenable(input) ? Promise.resolve(input) : streamOf(input);
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever was thrown
      return Promise.reject(error);
    }
  }

  private follow(running: Promise<unknown> | Observable<unknown>, resolve: Resolve, reject: Reject): void {
    const fail = (error: unknown) => {
      reject(error);
      this.fail(error);
    };
    if (running instanceof Promise) {
      running.then((value) => {
        resolve(value);
        this.leave();
      }, fail);
      return;
    }
    let last: unknown;
    const untilDone = new Observable((subscriber) => {
      subscriber.add(listen(this.node, new Listener(subscriber, errorSubscriber)));
      if (!subscriber.closed) running.subscribe(subscriber);
    });
    untilDone.subscribe({
      next: (value) => (last = value),
      error: fail,
      complete: () => {
        resolve(last);
        this.leave();
      },
    });
  }

  /** A member has failed. */
  private readonly fail = (error: unknown): void => {
    if (!this.continues) this.end(error);
    this.leave();
  };

  /** A member has ended. */
  private readonly leave = (): void => {
    this.running--;
    this.pending--;
    this.startWaiting();
    this.settleIfOver();
  };

  private startWaiting(): void {
    if (this.starting) return;
    this.starting = true;
    while (this.running < this.limit && knownEndOf(this.node) === undefined) {
      const next = this.waiting.shift();
      if (next === undefined) break;
      unlink(next);
      this.follow(this.begin(next.work), next.resolve, next.reject);
    }
    this.starting = false;
  }

  /** A member that was waiting will not be started: the group is done. */
  drop({ reject }: Waiting, { error }: End): void {
    reject(error);
    this.pending--;
    this.settleIfOver();
  }

  /** Cancels everything because of the first failure. Whatever fails afterwards does so because of that, or comes second. */
  private end(error: unknown): void {
    if (knownEndOf(this.node) !== undefined) return;
    this.failure = { error };
    cancel(this.node, error);
  }

  private settleIfOver(): void {
    if (this.pending > 0) return;
    this.isOver = true;
    const end = knownEndOf(this.node);
    if (this.failure !== undefined) this.reject(this.failure.error);
    else if (end !== undefined) this.reject(end.error);
    else this.resolve(this.value);
    cancel(this.node);
    for (const { promise, error } of this.failed) if (!promise.taken) report(error);
  }
}

/** A member that waits for its turn: a listener of the group's context. */
class Waiting extends Listener<GroupRun> {
  constructor(
    group: GroupRun,
    readonly work: Work,
    readonly resolve: Resolve,
    readonly reject: Reject,
  ) {
    super(group, (run, end) => {
      run.drop(this, end);
    });
  }
}

/** Knows whether anybody has asked for what becomes of it. */
class MemberPromise extends Promise<unknown> {
  taken = false;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  constructor(executor: (resolve: Resolve, reject: Reject) => void) {
    super(executor);
    super.then(undefined, ignore);
  }

  // `await`, `catch` and `Promise.all` come here, too: it is not of the host's own class.
  override then<T, U>(...args: Parameters<typeof Promise.prototype.then<T, U>>): Promise<T | U> {
    this.taken = true;
    return super.then(...args);
  }
}

function streamOf(input: unknown): Observable<unknown> {
  try {
    return fromInput(input as ObservableInput<unknown>);
  } catch (error) {
    const hint = input === undefined ? 'did you mean an async function?' : undefined;
    const expected = 'an observable, a promise or an iterable';
    throw invalidArgument('go', 'what work returns', expected, input, hint, error);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}

/** The group has its rejection: it is not unhandled. */
function handled<P extends Promise<unknown>>(promise: P): P {
  promise.catch(ignore);
  return promise;
}

function ignore(): void {
  // The group knows.
}
