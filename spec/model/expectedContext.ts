import type { Derivation } from './histories.js';
import type { ModelCtx, ModelEnd } from './model.js';
import { keys, nameOf } from './system.js';
import type { Step } from './system.js';

/** What is known of a context beforehand: what it inherits, and how it may end. */
export class ExpectedContext implements ModelCtx {
  readonly isContext = true as const;
  readonly emits = false;
  end: ModelEnd | undefined = undefined;
  readonly parent: ExpectedContext | undefined;
  /** The nearest context, from here upwards, that has listeners of its own; none where it cannot end. */
  readonly node: ExpectedContext | undefined;
  readonly at: number | undefined;
  readonly given: unknown;
  readonly deadline: number;
  /** Whether it is below a foreign context. */
  readonly belowForeign: boolean;
  /** The number of its scheduler. */
  readonly scheduler: number;
  /** Whether it stands to what it was derived from as to a foreign context. */
  readonly foreign: boolean;
  /** Whether its source may still emit later, although it is none of `sources`. */
  private readonly silentInput: boolean;
  /** What stands under the keys. */
  readonly values: readonly unknown[];

  constructor(
    readonly id: number,
    readonly act: Derivation | 'root',
    /** What it was derived from, or stands for. */
    readonly above: ExpectedContext | undefined,
    readonly sources: readonly (ExpectedContext | ExpectedSource)[],
    { n, other, frame, cause }: Step,
  ) {
    const parent = act === 'withoutCancel' ? undefined : above;
    this.parent = parent;
    this.given = cause;
    this.scheduler = act === 'withScheduler' ? other : (above?.scheduler ?? 0);
    const crossesClocks = act === 'withScheduler' && above?.node !== undefined && above.scheduler !== other;
    this.foreign = act === 'wrap' || act === 'mock' || crossesClocks;
    const carries = act === 'withValue' || (act === 'withScheduler' && !crossesClocks);
    this.node = carries ? above?.node : canEnd(act) ? this : undefined;
    this.belowForeign = this.foreign || parent?.belowForeign === true;

    const asked =
      act === 'withTimeout' ? frame + n : act === 'withDeadline' || (act === 'mock' && n > 0) ? n : Infinity;
    const deadlines = sources.map((source) => (source instanceof ExpectedContext ? source.deadline : Infinity));
    const inherited = Math.min(parent?.deadline ?? Infinity, ...deadlines);
    this.deadline = Math.min(asked, inherited);
    this.at = asked < Infinity && asked <= inherited && act !== 'mock' ? asked : undefined;

    const values = [...(above?.values ?? keys.map((key) => key.default))];
    if (act === 'withValue') values[other] = n;
    this.values = values;
    this.silentInput = act === 'followInput' && n === 0;
  }

  /** Whether what it follows may still speak. */
  get following(): boolean {
    return this.end === undefined && (this.silentInput || this.openSources.length > 0);
  }

  /** Those of its sources that may still end it. */
  get openSources(): readonly (ExpectedContext | ExpectedSource)[] {
    return this.sources.filter((source) => !(source instanceof ExpectedSource && source.silent));
  }

  /** Whether the value of an observable that it follows is yet to arrive. */
  get pending(): boolean {
    return this.end === undefined && this.sources.some(({ emits, end }) => emits && end !== undefined);
  }

  /** Whom it listens to while somebody listens to it: its parent, or, somebody else's implementation, that which it stands for. */
  get followed(): ExpectedContext | undefined {
    if (this.act === 'mock') return this;
    const { node } = this.above ?? {};
    return !this.foreign ? this.parent?.node : node?.foreign === true ? node.followed : node;
  }

  /** Whether it ends with `other`, if it has not ended before. */
  endsWith(other: ExpectedContext): boolean {
    const { parent } = this;
    return parent !== undefined && (parent === other || parent.endsWith(other));
  }

  /** Whether it hears of the end of `other` as its descendant. A foreign one hears as a listener does, in its turn. */
  isBelow(other: ExpectedContext): boolean {
    const { parent } = this;
    return !this.foreign && parent !== undefined && (parent === other || parent.isBelow(other));
  }

  toString(): string {
    return nameOf(this.id);
  }
}

/** The same of something outside. */
export class ExpectedSource implements ModelCtx {
  readonly isContext = false as const;
  readonly sources = [];

  constructor(readonly emits: boolean) {}

  end: ModelEnd | undefined = undefined;
  /** It has completed without a word. */
  silent = false;
}

function canEnd(act: ExpectedContext['act']): boolean {
  return act !== 'root' && act !== 'withoutCancel';
}
