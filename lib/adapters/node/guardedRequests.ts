/// <reference types="node" preserve="true" />
// The observable that `requests` returns, which answers for handlers that fail. Recognizes what is of RxJS by its shape, as
// RxJS does: an application may have another copy of it.
import { Observable, of, retry, throwError } from 'rxjs';
import type { Observer, OperatorFunction, Subscriber, Subscription, TeardownLogic } from 'rxjs';
import { complain, handlerFailed } from './failures.js';

/** How many requests an observable has emitted, to all its subscribers. */
export interface Tally {
  emitted: number;
}

/** Guards the observer that subscribes in the end, to requests or to what operators make of them. */
export class GuardedRequests<T> extends Observable<T> {
  constructor(
    private readonly tally: Tally,
    subscribe: (subscriber: Subscriber<T>) => TeardownLogic,
  ) {
    super(subscribe);
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as the overloads of RxJS need it
  override pipe(...operators: OperatorFunction<any, any>[]): Observable<any> {
    const piped = operators.reduce<Observable<unknown>>((source, operator) => operator(source), this);
    // What is more than a plain observable is passed on as it is.
    return isPlainObservable(piped) ? new GuardedRequests(this.tally, (to) => piped.subscribe(to)) : piped;
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // An operator subscribes: what it does with errors is its own.
    if (isSubscriber<T>(observerOrNext)) return super.subscribe(observerOrNext);
    const observer = typeof observerOrNext === 'object' ? observerOrNext : { next: observerOrNext, error, complete };
    const guarded: Partial<Observer<T>> = {
      next: (value) => {
        try {
          const result: unknown = observer?.next?.(value);
          if (isThenable(result)) Promise.resolve(result).catch((thrown: unknown) => handlerFailed(value, thrown));
        } catch (thrown) {
          handlerFailed(value, thrown);
        }
      },
      complete: () => observer?.complete?.(),
    };
    if (observer?.error) return super.subscribe({ ...guarded, error: (thrown: unknown) => observer.error!(thrown) });
    return this.resubscribing().subscribe(guarded);
  }

  /** Subscribes again after an error, unless no request caused it and it would come again at once. */
  private resubscribing(): Observable<T> {
    const { tally } = this;
    let emitted = tally.emitted;
    const delay = (error: unknown) => {
      if (tally.emitted === emitted) return throwError(() => error);
      emitted = tally.emitted;
      complain('a handler failed', error);
      return of(true);
    };
    return retry<T>({ delay })(this);
  }
}

/** Whether it is an instance of `Observable`, of any copy of RxJS, and not of a subclass. */
function isPlainObservable(value: unknown): boolean {
  const { subscribe } = value as { subscribe?: unknown };
  return typeof subscribe === 'function' && Object.getPrototypeOf(Object.getPrototypeOf(value)) === Object.prototype;
}

/** Decides as RxJS itself does. */
function isSubscriber<T>(value: unknown): value is Subscriber<T> {
  const { next, error, complete, add, remove, unsubscribe, closed } = (value ?? {}) as Partial<Subscriber<T>>;
  const methods = [next, error, complete, add, remove, unsubscribe];
  return methods.every((method) => typeof method === 'function') && typeof closed === 'boolean';
}

/** Whether it is a promise, native or not, of this realm or another. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (Object(value) !== value) return false;
  return typeof (value as Partial<PromiseLike<unknown>>).then === 'function';
}
