// What a context costs while `rxjs-ctx/debug` watches.
import { background, withCancel } from 'rxjs-ctx';
import { debugContexts } from 'rxjs-ctx/debug';
import { keep, ours, timed } from './harness.js';
import type { Loop } from './harness.js';

const deriveAndCancel = (ops: number): void => {
  for (let i = 0; i < ops; i++) {
    const [ctx, cancel] = withCancel(background());
    cancel();
    keep(ctx);
  }
};

const watched = (stacks: boolean) => (): Loop => (ops) => {
  using _watching = debugContexts({ stacks });
  deriveAndCancel(ops);
};

export default [
  timed('derive + cancel, watched', {
    [ours]: watched(true),
    'rxjs-ctx, watched without stacks': watched(false),
    'rxjs-ctx, not watched': () => deriveAndCancel,
  }),
];
