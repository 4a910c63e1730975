// A second opinion on what the library promises, as plain as can be: sets and recursion; no listener, no timer, no laziness.
// Whatever happens is worked out for every context there and then.

/** How a context ended. All that ended together share it. */
export interface ModelEnd {
  readonly kind: 'canceled' | 'deadline';
  /** `undefined`: none was given. The end of another context stands for the `err` that it shows. */
  readonly cause: unknown;
}

/** A context, or a source that is none: an observable or an AbortSignal, which ends when it emits or aborts. */
export interface ModelCtx {
  /** It ends with this one, */
  readonly parent?: ModelCtx | undefined;
  /** and when the first of these ends, in the same way. */
  readonly sources: readonly ModelCtx[];
  /** It exceeds its deadline then, `given` being the cause. */
  readonly at?: number | undefined;
  readonly given?: unknown;
  readonly isContext: boolean;
  /** Whether contexts that follow it end one after the other, as its values arrive, and not at once. */
  readonly emits: boolean;
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

  /** `ctx` ends, then all below it with the same end, then all that follow one of these. */
  end(ctx: ModelCtx, end: ModelEnd): void {
    this.endTree(ctx, end);
    this.followAll();
  }

  /** Time passes. Of two deadlines at one instant that of the lower context comes first, and last come those that follow. */
  pass(now: number): void {
    const at = Math.min(...[...this.all].map((ctx) => (ctx.end ? Infinity : (ctx.at ?? Infinity))));
    if (at > now) return;
    for (const ctx of [...this.all].reverse()) {
      if (ctx.at === at) this.endTree(ctx, { kind: 'deadline', cause: ctx.given });
    }
    this.followAll();
    this.pass(now);
  }

  /** If a source of `ctx` has ended, so does `ctx`: the `err` of a context, or what another source says, is the cause. */
  follow(ctx: ModelCtx): void {
    const source = ctx.sources.find(({ end }) => end !== undefined);
    if (source?.end === undefined || ctx.end !== undefined) return;
    const { kind, cause } = source.end;
    this.end(ctx, { kind, cause: source.isContext ? source.end : cause });
  }

  private endTree(ctx: ModelCtx, end: ModelEnd): void {
    if (ctx.end) return;
    ctx.end = end;
    for (const other of this.all) if (other.parent === ctx) this.endTree(other, end);
  }

  /** All end that follow what has ended, but for those to whom the value of an observable is yet to arrive. */
  followAll(): void {
    for (const ctx of this.all) if (ctx.sources.some(({ emits, end }) => end !== undefined && !emits)) this.follow(ctx);
  }
}
