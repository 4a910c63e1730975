import type { Derivation } from './histories.js';
import type { ModelCtx, ModelEnd } from './model.js';
import { keys, nameOf } from './world.js';
import type { Step } from './world.js';

/** What is known of a context beforehand: what it inherits, and how it may end. */
export class Known implements ModelCtx {
  readonly isContext = true as const;
  end: ModelEnd | undefined = undefined;
  readonly parent: Known | undefined;
  /** The nearest context, from here upwards, that has listeners of its own; none where it cannot end. */
  readonly node: Known | undefined;
  readonly at: number | undefined;
  readonly given: unknown;
  readonly deadline: number;
  /** Whether it is below a foreign context: then a deadline has to be heard in time. */
  readonly eager: boolean;
  /** Whether it follows what may speak later. */
  private readonly speaks: boolean;
  /** What stands under the keys. */
  readonly values: readonly unknown[];

  constructor(
    readonly id: number,
    readonly act: Derivation | 'root',
    /** What it was derived from, or stands for. */
    readonly above: Known | undefined,
    readonly source: Known | OutsideKnown | undefined,
    { n, other, frame, cause }: Step,
  ) {
    const parent = act === 'withoutCancel' ? undefined : above;
    this.parent = parent;
    this.given = cause;
    this.node = act === 'withValue' || act === 'withScheduler' ? above?.node : canEnd(act) ? this : undefined;
    this.eager = this.foreign || parent?.eager === true;

    const asked =
      act === 'withTimeout' ? frame + n : act === 'withDeadline' || (act === 'mock' && n > 0) ? n : Infinity;
    const inherited = Math.min(parent?.deadline ?? Infinity, source instanceof Known ? source.deadline : Infinity);
    this.deadline = Math.min(asked, inherited);
    this.at = asked < Infinity && asked <= inherited && act !== 'mock' ? asked : undefined;

    const values = [...(above?.values ?? keys.map((key) => key.default))];
    if (act === 'withValue') values[other] = n;
    this.values = values;
    this.speaks = act === 'followInput' ? n === 0 : source !== undefined;
  }

  get foreign(): boolean {
    return this.act === 'wrap' || this.act === 'mock';
  }

  /** Whether what it follows may still speak. */
  get following(): boolean {
    const { source } = this;
    return this.speaks && this.end === undefined && !(source instanceof OutsideKnown && source.silent);
  }

  /** Whether it is yet to be told that what it follows has ended. */
  get pending(): boolean {
    return this.end === undefined && this.source?.end !== undefined;
  }

  /** Whom it listens to while somebody listens to it: its parent, or, somebody else's implementation, that which it stands for. */
  get followed(): Known | undefined {
    if (this.act === 'mock') return this;
    const { node } = this.above ?? {};
    return this.act !== 'wrap' ? this.parent?.node : node?.foreign === true ? node.followed : node;
  }

  /** Whether it ends with `other`, if it has not ended before. */
  endsWith(other: Known): boolean {
    const { parent } = this;
    return parent !== undefined && (parent === other || parent.endsWith(other));
  }

  /** Whether it hears of the end of `other` as its descendant. A foreign one hears as a listener does, in its turn. */
  isBelow(other: Known): boolean {
    const { parent } = this;
    return !this.foreign && parent !== undefined && (parent === other || parent.isBelow(other));
  }

  toString(): string {
    return nameOf(this.id);
  }
}

/** The same of something outside. */
export class OutsideKnown implements ModelCtx {
  readonly isContext = false as const;
  readonly foreign = false;
  end: ModelEnd | undefined = undefined;
  /** It has completed without a word. */
  silent = false;
}

function canEnd(act: Known['act']): boolean {
  return act !== 'root' && act !== 'withoutCancel';
}
