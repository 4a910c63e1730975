import type { Context } from '../core/context.js';
import type { ContextNode } from '../core/contextNode.js';
import { checkOptions } from './debugContexts.js';
import { isEvent, labelOf, parentOf, registry, stateOf } from './registry.js';
import type { ContextRecord } from './registry.js';

/** @see {@link publishContexts} */
export interface PublishOptions {
  /** Whether contexts are a track of the Performance panel of Chrome DevTools, too: by default `false`. */
  readonly performance?: boolean | undefined;
}

/** What the channel `rxjs-ctx:created` publishes. */
export interface CtxCreated {
  /** Shows no value when it is printed or serialized. */
  readonly ctx: Context;
  /** That of {@link CtxInfo}. */
  readonly id: number;
  /** The id of the context that it was derived from; `undefined` for a root. */
  readonly parent: number | undefined;
  /** Its part of `String(ctx)`. */
  readonly label: string;
}

/** What the channel `rxjs-ctx:ended` publishes. The cause is not in it: it may be a secret. `ctx.cause` has it. */
export interface CtxEnded {
  /** Shows no value when it is printed or serialized. */
  readonly ctx: Context;
  /** That of {@link CtxInfo}. */
  readonly id: number;
  /** Its part of `String(ctx)`. */
  readonly label: string;
  /** `deadline`: it was exceeded. */
  readonly state: 'canceled' | 'deadline';
  /** How long it lived, in ms; `undefined` when it was made before anything watched. */
  readonly ms: number | undefined;
}

interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: CtxCreated | CtxEnded): void;
}

interface ChannelModule {
  channel(name: string): Channel;
}

/**
 * Publishes the contexts that are made and that end, until the result is disposed of: to the channels `rxjs-ctx:created`
 * ({@link CtxCreated}) and `rxjs-ctx:ended` ({@link CtxEnded}) of `node:diagnostics_channel`, and with `performance: true` as
 * `performance.measure` entries, which Chrome DevTools draws as the track `contexts`. Outside Node there are no channels.
 *
 * Publishes in a microtask, after the call that made or ended the context. The end of a context that nobody listens to is
 * published when somebody asks for it. Values and causes are never published.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel';
 * import { background, withCancel } from 'rxjs-ctx';
 * import { publishContexts } from 'rxjs-ctx/debug';
 *
 * publishContexts();
 * subscribe('rxjs-ctx:ended', (message) => console.log(message));
 * const [, cancel] = withCancel(background());
 * cancel();
 * ```
 *
 * @param options `performance: true` for Chrome DevTools
 * @returns stops publishing when it is disposed of
 * @throws TypeError when options are no object or `performance` is no boolean
 * @see https://nodejs.org/api/diagnostics_channel.html
 * @see https://developer.chrome.com/docs/devtools/performance/extension
 */
export function publishContexts(options: PublishOptions = {}): Disposable {
  const { performance: measures = false } = checkOptions('publishContexts', options, 'performance');
  const { process } = globalThis as { process?: { getBuiltinModule?: (id: string) => ChannelModule | undefined } };
  const channels = process?.getBuiltinModule?.('node:diagnostics_channel');
  const created = channels?.channel('rxjs-ctx:created');
  const ended = channels?.channel('rxjs-ctx:ended');
  return registry().watch({
    stacks: false,
    // Later: the context is being made, or in the middle of its end.
    made(ctx, { id }) {
      if (created?.hasSubscribers !== true) return;
      queueMicrotask(() => {
        if (isEvent(ctx)) return;
        const parent = parentOf(ctx);
        created.publish({ ctx, id, parent: parent && registry().recordOf(parent)?.id, label: labelOf(ctx) });
      });
    },
    ended(ctx, record) {
      const publishes = ended?.hasSubscribers === true;
      if (!publishes && !measures) return;
      const now = performance.now();
      const { id, madeMs } = record;
      queueMicrotask(() => {
        if (isEvent(ctx)) return;
        const label = labelOf(ctx);
        const state = stateOf(ctx) as CtxEnded['state'];
        const ms = madeMs === undefined ? undefined : now - madeMs;
        if (publishes) ended.publish({ ctx, id, label, state, ms });
        if (measures && madeMs !== undefined) measure(ctx, record, madeMs, now);
      });
    },
  });
}

function measure(ctx: ContextNode, { id, madeAt }: ContextRecord, start: number, end: number): void {
  const state = stateOf(ctx);
  const label = labelOf(ctx);
  const endedBy = registry().endedBy(ctx);
  const properties = [
    ['id', `#${String(id)}`],
    ['state', state],
    ...(madeAt?.place === undefined ? [] : [['made by', madeAt.place]]),
    ...(endedBy === undefined ? [] : [['ended by', endedBy]]),
  ];
  const name = `#${String(id)} ${label}`;
  const devtools = {
    dataType: 'track-entry',
    track: 'contexts',
    trackGroup: 'rxjs-ctx',
    color: state === 'deadline' ? 'error' : 'primary',
    tooltipText: `${label}: ${state}`,
    properties,
  };
  performance.measure(name, { start, end, detail: { devtools } });
  // The trace and the observers have it. In the timeline of the process it would stay for ever.
  performance.clearMeasures(name);
}
