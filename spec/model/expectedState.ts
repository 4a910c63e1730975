// What must come of a history: every step is taken in the model first.
import { CanceledError } from '../../lib/index.js';
import { ExpectedContext, ExpectedSource } from './expectedContext.js';
import { Model } from './model.js';
import type { ModelCtx } from './model.js';
import type { Step } from './system.js';

export class ExpectedState {
  readonly model = new Model();
  /** As many as there are in the system, the root being the first. */
  readonly known: ExpectedContext[] = [];
  readonly outside = new Map<number, ExpectedSource>();
  readonly root: ExpectedContext;

  constructor() {
    const step: Step = { act: 'withValue', ctx: 0, other: 0, more: [], n: 0, cause: undefined, frame: 0 };
    this.root = this.add(new ExpectedContext(0, 'root', undefined, [], step), 0);
  }

  /** @returns what is derived, if anything is */
  take(step: Step): ExpectedContext | undefined {
    const { act, ctx, other, n, cause, frame } = step;
    const known = this.known[ctx]!;
    switch (act) {
      case 'cancel':
        this.model.end(known, { kind: 'canceled', cause });
        return undefined;
      case 'end': {
        const kind = cause instanceof CanceledError ? 'canceled' : 'deadline';
        this.model.end(known, { kind, cause: n === 0 ? undefined : n });
        return undefined;
      }
      case 'speak':
        if (other % 2 === 0 && n === 0) this.outsideOf(other).silent = true;
        else {
          this.outsideOf(other).end = { kind: isTimeout(cause) ? 'deadline' : 'canceled', cause };
          this.model.followAll();
        }
        return undefined;
    }
    const followed = act === 'followCtx' ? [other, ...step.more].map((id) => this.known[id]!) : [];
    const sources = act === 'followOutside' ? [this.outsideOf(other)] : followed;
    const above = act === 'mock' ? undefined : known;
    const made = this.add(new ExpectedContext(this.known.length, act, above, sources, step), frame);
    if (act === 'followInput' && n > 1) this.model.end(made, { kind: 'canceled', cause });
    return made;
  }

  outsideOf(index: number): ExpectedSource {
    const known = this.outside.get(index) ?? new ExpectedSource(index % 2 === 0);
    this.outside.set(index, known);
    return known;
  }

  /** When the next deadline passes, or `now` if there is none. */
  nextDeadline(now: number): number {
    const later = this.known.flatMap(({ at, end }) => (end === undefined && at !== undefined && at > now ? [at] : []));
    return later.length === 0 ? now : Math.min(...later);
  }

  /** Whether some who follow are yet to be told: others, to whom this happens later, may be told of all before. */
  get pending(): boolean {
    return this.known.some(({ pending }) => pending);
  }

  /** One that follows is below another: whether it ends by itself or with that one depends on who of the two is told first. */
  get orderMatters(): boolean {
    const ending = new Set<ModelCtx>();
    for (const ctx of this.known) {
      if (ctx.end !== undefined) continue;
      const { sources, parent } = ctx;
      const byItself = sources.some((source) => source.end !== undefined || ending.has(source));
      const withParent = parent !== undefined && ending.has(parent);
      if (byItself || withParent) ending.add(ctx);
      if (byItself && withParent) return true;
    }
    return false;
  }

  private add(known: ExpectedContext, now: number): ExpectedContext {
    this.known.push(known);
    this.model.add(known, now);
    return known;
  }
}

function isTimeout(cause: unknown): boolean {
  return (cause as Partial<Error> | null | undefined)?.name === 'TimeoutError';
}
