import { Observable } from 'rxjs';
import { afterFunc, takeUntilCtx, throwOnCtx } from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import type { Command, Listening } from './histories.js';
import type { ExpectedContext } from './expectedContext.js';

/** Somebody who listens to a context, in one of the ways that there are. */
export class Listener {
  state: 'waiting' | 'called' | 'gone' = 'waiting';
  completed = false;
  /** How often the source of its stream is subscribed. */
  sources = 0;
  /** Whether it left, called or not. */
  left = false;
  private withdraw: () => unknown = () => {};

  constructor(
    readonly kind: Listening,
    readonly known: ExpectedContext,
    /** Its turn among all. */
    readonly turn: number,
    /** Whether it comes when the context is done. */
    readonly late: boolean,
    readonly reactions: readonly Command[],
    readonly throws: boolean,
  ) {}

  get isStream(): boolean {
    return this.kind === 'takeUntilCtx' || this.kind === 'throwOnCtx';
  }

  /** @param called is called, with the error where there is one to hear */
  join(ctx: Context, called: (err?: unknown) => void): void {
    switch (this.kind) {
      case 'done$':
        return this.until(ctx.done$.subscribe({ next: called, complete: () => (this.completed = true) }));
      case 'afterFunc':
        this.withdraw = afterFunc(ctx, () => called());
        return;
      case 'takeUntilCtx':
        return this.until(
          this.source()
            .pipe(takeUntilCtx(ctx))
            .subscribe({ complete: () => called() }),
        );
      case 'throwOnCtx':
        return this.until(this.source().pipe(throwOnCtx(ctx)).subscribe({ error: called }));
      case 'signal': {
        const { signal } = ctx;
        const abort = () => called(signal.reason);
        if (signal.aborted) return abort();
        signal.addEventListener('abort', abort);
        this.withdraw = () => signal.removeEventListener('abort', abort);
      }
    }
  }

  /** @returns whether that prevented the call; `undefined` where that is not told */
  leave(): unknown {
    if (this.state === 'waiting') this.state = 'gone';
    this.left = true;
    return this.withdraw();
  }

  toString(): string {
    return `listener ${this.turn} (${this.kind} of ${String(this.known)})`;
  }

  private until(subscription: { unsubscribe(): void }): void {
    this.withdraw = () => subscription.unsubscribe();
  }

  private source(): Observable<never> {
    return new Observable(() => {
      this.sources++;
      return () => this.sources--;
    });
  }
}
