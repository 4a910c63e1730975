// A second opinion on what the library promises, as plain as can be: sets and recursion; no listener, no timer, no laziness.
// Whatever happens is worked out for every context there and then.

/** How a context ended. All that ended together share it. */
export interface ModelEnd {
  readonly kind: 'canceled' | 'deadline';
  /** `undefined`: none was given. The end of another context stands for the `err` that it shows. */
  readonly cause: unknown;
  /** When, if time brought it. */
  readonly at?: number | undefined;
}

/** A context, or what one may follow: an observable or an AbortSignal, which ends when it speaks. */
export interface ModelCtx {
  /** It ends with this one, */
  readonly parent?: ModelCtx | undefined;
  /** is canceled when this one ends, */
  readonly source?: ModelCtx | undefined;
  /** and exceeds its deadline then, `given` being the cause. */
  readonly at?: number | undefined;
  readonly given?: unknown;
  readonly isContext: boolean;
  /** Whether it is somebody else's: then it does not say when it ended. */
  readonly foreign: boolean;
  end?: ModelEnd | undefined;
}

export class Model {
  /** Parents before children, and sources before those who follow them. */
  readonly all = new Set<ModelCtx>();

  add(ctx: ModelCtx, now: number): void {
    this.all.add(ctx);
    if (ctx.parent?.end) this.end(ctx, ctx.parent.end);
    this.pass(now);
    this.follow(ctx);
  }

  /** `ctx` ends, and all below it with the same end. */
  end(ctx: ModelCtx, end: ModelEnd): void {
    if (ctx.end) return;
    ctx.end = end;
    for (const other of this.all) if (other.parent === ctx) this.end(other, end);
  }

  /** Time passes. Of two deadlines at one instant that of the lower context comes first, and last come those who follow. */
  pass(now: number): void {
    const at = Math.min(...[...this.all].map((ctx) => (ctx.end ? Infinity : (ctx.at ?? Infinity))));
    if (at > now) return;
    for (const ctx of [...this.all].reverse()) {
      if (ctx.at === at) this.end(ctx, { kind: 'deadline', cause: ctx.given, at });
    }
    for (const ctx of this.all) if (whenEnded(ctx.source) === at) this.follow(ctx);
    this.pass(now);
  }

  /**
   * If what `ctx` follows has ended, so does `ctx`: the `err` of a context, or what the other one says, is the cause.
   *
   * Where it was ended by somebody, or does not say when it ended, this comes at the latest when everybody has been told. In which order they are is not promised,
   * nor, therefore, whether one that follows ends by itself or with a parent that does so too.
   */
  follow(ctx: ModelCtx): void {
    const { source } = ctx;
    if (!source?.end) return;
    this.end(ctx, { kind: 'canceled', cause: source.isContext ? source.end : source.end.cause, at: whenEnded(source) });
  }
}

/** When time ended it, if it says so: what is foreign does not, nor what ended with that. */
function whenEnded(ctx?: ModelCtx): number | undefined {
  if (ctx?.end === undefined || ctx.foreign) return undefined;
  return ctx.parent?.end === ctx.end ? whenEnded(ctx.parent) : ctx.end.at;
}
