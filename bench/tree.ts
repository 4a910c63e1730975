// The benchmarks of Go's own context package, in their shapes. An operation is what an iteration of Go's is.
import { asyncScheduler } from 'rxjs';
import { background, contextKey, withCancel, withTimeout, withValue } from 'rxjs-ctx';
import type { CancelFunc, Context } from 'rxjs-ctx';
import { keep, ours, timed } from './harness.js';
import type { Loop, Row } from './harness.js';

const hour = 3_600_000;

/** The cancel functions are dropped, as in Go's. */
function buildTree(root: Context, depth: number): Context {
  let ctx = root;
  for (let d = 0; d < depth; d++) [ctx] = withCancel(ctx);
  return ctx;
}

/** Harder than Go's: whatever could be spared because it is dropped is made. */
function buildKeptTree(root: Context, depth: number): unknown {
  let derived: [Context, unknown] = [root, undefined];
  for (let d = 0; d < depth; d++) derived = withCancel(derived[0]);
  return derived;
}

const roots: Record<string, (depth: number) => Loop> = {
  Background: (depth) => (ops) => {
    let leaf = background();
    for (let i = 0; i < ops; i++) leaf = buildTree(background(), depth);
    keep(leaf);
  },
  OpenCanceler: (depth) => (ops) => {
    let leaf = background();
    for (let i = 0; i < ops; i++) {
      const [ctx, cancel] = withCancel(background());
      leaf = buildTree(ctx, depth);
      cancel();
    }
    keep(leaf);
  },
  ClosedCanceler: (depth) => (ops) => {
    let leaf = background();
    for (let i = 0; i < ops; i++) {
      const [ctx, cancel] = withCancel(background());
      cancel();
      leaf = buildTree(ctx, depth);
    }
    keep(leaf);
  },
};

/** The least that two contexts are, one of which is canceled: what they hold, and nothing done with it. */
class SixFields {
  readonly self = this;
  end: object | undefined = undefined;
  audience: object | undefined = undefined;
  constructor(
    readonly parent: object,
    readonly scope: object,
    readonly way?: object,
  ) {}
}

class FourFields {
  made: object | undefined = undefined;
  constructor(
    readonly kind: unknown,
    readonly given: unknown,
    readonly at: unknown,
  ) {}
}

function justObjects(): Loop {
  const [root, scope] = [{}, {}];
  return (ops) => {
    let leaf: object = root;
    for (let i = 0; i < ops; i++) {
      const parent = new SixFields(root, scope);
      const cancel = () => {
        parent.end = new FourFields(SixFields, undefined, undefined);
      };
      leaf = new SixFields(parent, scope);
      cancel();
    }
    keep(leaf);
  };
}

const cancelTrees = [1, 10, 100, 1000].flatMap((depth) =>
  Object.entries(roots).map(([root, loop]) =>
    timed(
      `CancelTree, depth ${depth}, ${root}`,
      {
        [ours]: () => loop(depth),
        ...(depth === 1 && root !== 'Background' && { 'floor: its objects alone': justObjects }),
      },
      { of: 'std', name: `CancelTree/depth=${depth}/Root=${root}` },
    ),
  ),
);

const stringKey = contextKey<string>('key');

/** Go's divides two hundred times in between, to have something to do: without that, only the library is left. */
function commonParentCancel(divisions: number): Loop {
  const root = withValue(background(), stringKey, 'value');
  const [shared] = withCancel(root);
  return (ops) => {
    let x = 0;
    let [ctx, cancel] = withCancel(shared);
    for (let i = 0; i < ops; i++) {
      [ctx, cancel] = withCancel(shared);
      if (ctx.value(stringKey) !== 'value') throw new Error('not to be reached');
      for (let j = 0; j < divisions; j++) x = (x / (x + 1)) | 0;
      cancel();
      for (let j = 0; j < divisions; j++) x = (x / (x + 1)) | 0;
    }
    keep([ctx, cancel, x]);
  };
}

/** What of it is not ours, nor Go's. */
function divide(divisions: number): Loop {
  return (ops) => {
    let x = 0;
    for (let i = 0; i < ops; i++) for (let j = 0; j < 2 * divisions; j++) x = (x / (x + 1)) | 0;
    keep(x);
  };
}

/** Sixteen contexts in turn, so that the compiler cannot read one of them once for all. */
function sixteen(cancelThem: boolean): Context[] {
  return Array.from({ length: 16 }, () => {
    const [ctx, cancel] = withCancel(background());
    if (cancelThem) cancel();
    return ctx;
  });
}

/** Go's `ctx.Err()`. */
function checkErr(): Loop {
  const contexts = sixteen(true);
  return (ops) => {
    let canceled = 0;
    for (let i = 0; i < ops; i++) if (contexts[i & 15]!.err !== undefined) canceled++;
    keep(canceled);
  };
}

function checkField(): Loop {
  const objects: { err: object | undefined }[] = Array.from({ length: 16 }, () => ({ err: {} }));
  return (ops) => {
    let canceled = 0;
    for (let i = 0; i < ops; i++) if (objects[i & 15]!.err !== undefined) canceled++;
    keep(canceled);
  };
}

/**
 * Each is made by the first who asks for it, and `err` is shared by all who end together: it stands behind a reference, and
 * neither need be there.
 */
function checkReferences(): Loop {
  const objects = Array.from({ length: 16 }, () => {
    const parent = new SixFields({}, {});
    parent.audience = { done$: {} };
    parent.end = { error: {} };
    return parent;
  });
  const never = {};
  return (ops) => {
    let done = 0;
    let done$: object | undefined;
    for (let i = 0; i < ops; i++) {
      const { audience, end } = objects[i & 15]!.self;
      done$ = (audience as { done$?: object } | undefined)?.done$ ?? never;
      if ((end as { error?: object } | undefined)?.error !== undefined) done++;
    }
    keep([done, done$]);
  };
}

/** Go's `select { case <-ctx.Done(): default: }`: takes hold of what says when it is done, and asks whether it is. */
function checkDone(cancelThem: boolean): Loop {
  const contexts = sixteen(cancelThem);
  return (ops) => {
    let done = 0;
    let done$: object | undefined;
    for (let i = 0; i < ops; i++) {
      const ctx = contexts[i & 15]!;
      ({ done$ } = ctx);
      if (ctx.err !== undefined) done++;
    }
    keep([done, done$]);
  };
}

function subscribeToDone(): Loop {
  const contexts = sixteen(true);
  return (ops) => {
    for (let i = 0; i < ops; i++) contexts[i & 15]!.done$.subscribe(keep);
  };
}

function deep(depth: number): Context {
  let ctx = background();
  for (let i = 0; i < depth; i++) ctx = withValue(ctx, contextKey<number>(String(i)), i);
  return ctx;
}

const missing = contextKey<number>('-1');

const depths = [10, 20, 30, 50, 100];

const sameGoRoutine = depths.map((depth) =>
  timed(
    `DeepValue, depth ${depth}`,
    {
      [ours]: () => {
        const ctx = deep(depth);
        return (ops) => {
          let value: number | undefined;
          for (let i = 0; i < ops; i++) value = ctx.value(missing);
          keep(value);
        };
      },
    },
    { of: 'std', name: `DeepValueSameGoRoutine/depth=${depth}` },
  ),
);

/** What comes nearest to a goroutine that is waited for. */
const newGoRoutine = depths.map((depth) =>
  timed(
    `DeepValue in an awaited task of its own, depth ${depth}`,
    {
      [ours]: () => {
        const ctx = deep(depth);
        return async (ops) => {
          for (let i = 0; i < ops; i++) {
            await Promise.resolve().then(() => {
              keep(ctx.value(missing));
            });
          }
        };
      },
    },
    { of: 'std', name: `DeepValueNewGoRoutine/depth=${depth}` },
  ),
);

/** Ten are derived and then canceled, while others are pending. */
function withTimeouts(pending: number, listen: boolean): Loop {
  const root = background();
  const others = Array.from({ length: pending }, () => {
    const derived = withTimeout(root, hour);
    if (listen) derived[0].done$.subscribe(keep);
    return derived;
  });
  const cancels = new Array<CancelFunc>(10);
  return (ops) => {
    for (let i = 0; i < ops; i++) {
      for (let j = 0; j < 10; j++) {
        const [ctx, cancel] = withTimeout(root, hour);
        if (listen) ctx.done$.subscribe(keep);
        cancels[j] = cancel;
      }
      for (const cancel of cancels) cancel();
    }
    keep(others.length);
  };
}

/** A deadline needs the clock when it is derived, and when it is canceled to know which of the two came first. */
function readClock(): Loop {
  return (ops) => {
    let sum = 0;
    for (let i = 0; i < ops; i++) for (let j = 0; j < 20; j++) sum += asyncScheduler.now();
    keep(sum);
  };
}

const timeouts = [40, 4_000, 400_000].map((pending) =>
  timed(
    `WithTimeout, ${pending} pending`,
    {
      [ours]: () => withTimeouts(pending, false),
      'rxjs-ctx, each heard': () => withTimeouts(pending, true),
      'floor: the clock alone, read twice for each': readClock,
    },
    { of: 'std', name: `WithTimeout/concurrency=${pending}` },
  ),
);

const keptTree = timed(
  'CancelTree, depth 100, OpenCanceler, with every cancel function kept',
  {
    [ours]: () => (ops) => {
      let leaf: unknown;
      for (let i = 0; i < ops; i++) {
        const [ctx, cancel] = withCancel(background());
        leaf = buildKeptTree(ctx, 100);
        cancel();
      }
      keep(leaf);
    },
  },
  { of: 'std', name: 'CancelTree/depth=100/Root=OpenCanceler' },
);

export default [
  ...cancelTrees,
  keptTree,
  timed(
    'CommonParentCancel',
    { [ours]: () => commonParentCancel(100), 'floor: the divisions alone': () => divide(100) },
    { of: 'std', name: 'CommonParentCancel' },
  ),
  timed(
    'CommonParentCancel, without its 200 divisions',
    { [ours]: () => commonParentCancel(0) },
    { of: 'own', name: 'CommonParentCancelOnly' },
  ),
  timed(
    'CheckCanceled, Err',
    { [ours]: checkErr, 'floor: a field of sixteen objects in turn': checkField },
    { of: 'std', name: 'CheckCanceled/Err' },
  ),
  timed(
    'CheckCanceled, Done',
    {
      [ours]: () => checkDone(true),
      'floor: fields behind references, of sixteen objects in turn': checkReferences,
      'rxjs-ctx, done$ subscribed to': subscribeToDone,
    },
    { of: 'std', name: 'CheckCanceled/Done' },
  ),
  timed('ContextCancelDone', { [ours]: () => checkDone(false) }, { of: 'std', name: 'ContextCancelDone' }),
  ...sameGoRoutine,
  ...newGoRoutine,
  ...timeouts,
] satisfies Row[];
