import { Observable, take } from 'rxjs';
import type { ObservableInput, Unsubscribable } from 'rxjs';
import { cancel } from '../core/cancellation.js';
import type { CancelFunc, Context, CoreContext } from '../core/context.js';
import { ContextNode, Scope, Source } from '../core/contextNode.js';
import { withCancelFunc } from '../core/derive.js';
import { isContext, isSignal, toInternal } from '../core/foreign.js';
import { invalidArgument } from '../core/invalidArgument.js';
import { contextSource, dropSource, eventSource, linkTo, signalSource } from '../core/link.js';
import type { LinkSource } from '../core/link.js';
import { background } from './rxjs7.js';
import { fromInput } from '../observables/fromInput.js';

/** What can end a context from outside. */
export type CancelSource = ObservableInput<unknown> | AbortSignal | CoreContext;

/**
 * Derives a context that is also done when a source emits, errors, aborts or ends: whichever is first.
 *
 * - An observable, a promise, an iterable or an async one: its first value is the cause, and so is its error. When it
 *   completes without a value nothing happens.
 * - An `AbortSignal`: its reason is the cause. However many contexts follow it, it carries one listener of ours; a promise
 *   carries one reaction.
 * - Another context: its `err` is the cause, and the earliest deadline of all is reported. Values are those of `parent`.
 *
 * The kind follows the source: one that is past its deadline, or a signal whose reason is a TimeoutError, ends the context
 * with a {@link DeadlineExceededError}; everything else with a {@link CanceledError}. An error of a source is therefore only
 * in `ctx.cause`.
 *
 * Unsubscribes from the sources when the context is done; until then the sources retain it: cancel it when the work is over.
 *
 * @param parent done together with it, if that comes first
 * @param sources of several that are done already, the first in the list ends the context; without any it is a plain
 * {@link withCancel}
 * @returns the context, and the function that cancels it: call it when the work is over, whatever happened
 * @throws TypeError when parent is not a context or a source none of these
 */
export function withCancelOn(
  parent: CoreContext,
  ...sources: readonly CancelSource[]
): [ctx: Context, cancel: CancelFunc] {
  const ctx = toInternal(parent, 'withCancelOn', 'parent');
  return withCancelFunc(
    linkTo(
      ctx,
      sources.map((source) => linkSourceOf(source, ctx.scope)),
    ),
  );
}

function linkSourceOf(source: CancelSource, scope: Scope): LinkSource {
  if (isContext(source)) return contextSource(toInternal(source, 'withCancelOn', 'source'));
  if (isSignal(source)) return signalSource(source);
  if (isPromise(source)) return promiseSource(source, scope);
  return eventSource(new InputSource(inputOf(source), scope).node);
}

function inputOf(source: ObservableInput<unknown>): Observable<unknown> {
  try {
    return fromInput(source);
  } catch (error) {
    const expected = 'an ObservableInput, an AbortSignal or a Context';
    throw invalidArgument('withCancelOn', 'source', expected, source, undefined, error);
  }
}

function isPromise(source: unknown): source is PromiseLike<unknown> {
  const { then, subscribe } = (source ?? {}) as { then?: unknown; subscribe?: unknown };
  return typeof then === 'function' && typeof subscribe !== 'function';
}

/** A node that ends with an event. */
function newEventNode({ streams, clock }: Scope, source?: Source): ContextNode {
  const root = toInternal(background(), 'withCancelOn');
  return new ContextNode(root, new Scope(streams, clock, undefined, undefined, undefined), source);
}

const promises = new WeakMap<PromiseLike<unknown>, LinkSource>();

/** One a promise: a reaction cannot be taken back, and stays as long as the promise is pending. */
function promiseSource(promise: PromiseLike<unknown>, scope: Scope): LinkSource {
  let source = promises.get(promise);
  if (source === undefined) {
    const node = newEventNode(scope);
    promises.set(promise, (source = eventSource(node)));
    const end = (cause: unknown) => {
      cancel(node, cause);
    };
    try {
      promise.then(end, end);
    } catch (error) {
      end(error);
    }
  }
  return source;
}

/** Subscribes to an observable while a context follows it. */
class InputSource extends Source {
  readonly node: ContextNode;
  private subscription: Unsubscribable | undefined = undefined;

  constructor(
    private readonly input: Observable<unknown>,
    scope: Scope,
  ) {
    super('withCancelOn');
    this.node = newEventNode(scope, this);
  }

  protected override start(): void {
    const { node } = this;
    const end = (cause: unknown) => {
      cancel(node, cause);
    };
    const complete = () => {
      if (node.end === undefined) dropSource(node);
    };
    // In hand before the source runs: one that is synchronous may end what follows it.
    const source = new Observable((subscriber) => {
      this.subscription = subscriber;
      this.input.subscribe(subscriber);
    });
    source.pipe(take(1)).subscribe({ next: end, error: end, complete });
  }

  protected override stop(): void {
    this.subscription?.unsubscribe();
    this.subscription = undefined;
  }
}
