/// <reference types="node" preserve="true" />
// What the contexts of a server's requests are derived from. It ends with its parent, but not while a shutdown lets requests
// finish. One of ours and not a wrapper, so that who ended first is known exactly, and no deadline below needs a timer.
import { knownEndOf, listen, notifyAll, notifyNext } from '../../core/cancellation.js';
import type { OutsideLimit } from '../../core/cancellation.js';
import { ContextNode, Source } from '../../core/contextNode.js';
import { End } from '../../core/errors.js';
import type { ContextError } from '../../core/errors.js';
import { Listener, unlink } from '../../core/listenerList.js';

/** The grace of one server: whose end it keeps from the requests. */
export class Grace {
  private readonly contexts = new WeakMap<ContextNode, GraceContext>();
  /** Those that something listens to. */
  readonly listening = new Set<GraceContext>();

  /** @param spares whether requests may go on although something has ended with `err` */
  constructor(readonly spares: (err: ContextError) => boolean) {}

  /** Returns what to derive the context of a request from, in place of `parent`. */
  contextFor(parent: ContextNode): ContextNode {
    if (parent.canceler === undefined) return parent;
    let context = this.contexts.get(parent);
    if (context === undefined) this.contexts.set(parent, (context = new GraceContext(parent, this)));
    return context.node;
  }

  /** Ends what was spared and is no longer. */
  end(): void {
    for (const context of [...this.listening]) context.endIfDue();
  }
}

class GraceContext extends Source implements OutsideLimit {
  readonly node: ContextNode;
  readonly outside = this;
  /** Whether it was seen alive after the end of its parent. */
  private spared = false;
  private readonly link = new Listener<GraceContext>(this, noticeEnd);

  constructor(
    private readonly parent: ContextNode,
    private readonly grace: Grace,
  ) {
    super('grace');
    this.node = new ContextNode(undefined, parent.scope.withLimit(this), this);
  }

  /** The deadline is for the parent to keep: when it has passed, the parent is done. */
  get at(): number | undefined {
    return this.parent.deadline;
  }

  expireIfPast(): undefined {
    return undefined;
  }

  override get followed(): readonly (ContextNode | undefined)[] {
    return [this.parent.canceler];
  }

  override label(): string {
    return String(this.parent);
  }

  refresh(): void {
    const { node, parent, grace } = this;
    const end = node.end === undefined ? knownEndOf(parent.canceler!) : undefined;
    if (end === undefined) return;
    if (grace.spares(end.error)) this.spared = true;
    // What was spared ends now, or a deadline in the grace would have come too late.
    else node.end = this.spared ? new End(end.ErrorClass, end.ownCause, node.now(), end.error) : end;
  }

  protected override start(): void {
    this.grace.listening.add(this);
    listen(this.parent.canceler, this.link);
  }

  protected override stop(): void {
    this.grace.listening.delete(this);
    unlink(this.link);
  }

  noticeEnd(): void {
    this.refresh();
    if (this.node.end !== undefined) notifyNext(this.node);
  }

  endIfDue(): void {
    this.refresh();
    if (this.node.end !== undefined) notifyAll(this.node);
  }
}

function noticeEnd(context: GraceContext): void {
  context.noticeEnd();
}
