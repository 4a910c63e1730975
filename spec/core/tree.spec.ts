import { map } from 'rxjs';
import {
  afterFunc,
  background,
  contextKey,
  withCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';
import { wrap } from '../helpers/foreign.js';
import { listen } from '../helpers/listen.js';
import { macrotask, takeUnhandledErrors } from '../support/unhandled-errors.js';

describe('cancel', () => {
  // root ─┬─ left ── leaf
  //       └─ right
  const tree = () => {
    const [root, cancelRoot] = withCancel(background());
    const [left, cancelLeft] = withCancel(root);
    const [leaf, cancelLeaf] = withCancel(left);
    const [right, cancelRight] = withCancel(root);
    return { root, left, leaf, right, cancelRoot, cancelLeft, cancelLeaf, cancelRight };
  };

  describe('(what a listener sees)', () => {
    it('is err on every context of the subtree, whoever hears first', () => {
      const { root, left, leaf, right, cancelRoot } = tree();
      const valued = withValue(leaf, contextKey<string>('user'), 'Ann');
      const foreign = wrap(right);
      const [below] = withCancel(foreign);
      const [timed] = withTimeout(below, 1000);
      const all = [root, left, leaf, right, valued, foreign, below, timed];
      let heard = 0;
      for (const ctx of all) {
        ctx.done$.subscribe((err) => {
          heard++;
          expect(all.map((one) => one.err)).toEqual(all.map(() => err));
          expect(all.every((one) => one.err === err && one.cause === 'gone')).toBeTrue();
        });
      }
      cancelRoot('gone');
      expect(heard).toBe(all.length);
    });

    it('is an aborted signal on every context of the subtree that had made none', () => {
      const { root, left, leaf, right, cancelRoot } = tree();
      const aborted: boolean[] = [];
      root.done$.subscribe(() => aborted.push(root.signal.aborted, left.signal.aborted, leaf.signal.aborted));
      root.done$.subscribe(() => aborted.push(right.signal.aborted));
      cancelRoot();
      expect(aborted).toEqual([true, true, true, true]);
    });

    it('is a context outside the subtree that is not done', () => {
      const { root, left, leaf, right, cancelLeft } = tree();
      left.done$.subscribe(() => {
        expect(leaf.err).toBe(left.err);
        expect(root.err).toBeUndefined();
        expect(right.err).toBeUndefined();
      });
      cancelLeft();
      expect(leaf.err).toBeDefined();
    });
  });

  describe('(the order)', () => {
    it("puts a context's own listeners before those of its descendants, whoever subscribed first", () => {
      const { root, left, leaf, right, cancelRoot } = tree();
      const order: string[] = [];
      leaf.done$.subscribe(() => order.push('leaf'));
      right.done$.subscribe(() => order.push('right'));
      left.done$.subscribe(() => order.push('left'));
      root.done$.subscribe(() => order.push('root'));
      cancelRoot();
      expect(order.length).toBe(4);
      expect(order[0]).toBe('root');
      expect(order.indexOf('left')).toBeLessThan(order.indexOf('leaf'));
    });

    it('is that of subscription among the listeners of one context, whatever they are', () => {
      const [ctx, cancel] = withCancel(background());
      const [child] = withCancel(ctx);
      const order: string[] = [];
      ctx.done$.subscribe(() => order.push('1 done$'));
      child.done$.subscribe(() => order.push('child'));
      afterFunc(ctx, () => order.push('2 afterFunc'));
      ctx.signal.addEventListener('abort', () => order.push('3 signal'));
      withValue(ctx, contextKey<string>('user'), 'Ann').done$.subscribe(() => order.push('4 done$ of a value context'));
      afterFunc(withValue(ctx, contextKey<string>('user'), 'Ann'), () => order.push('5 afterFunc on a value context'));
      ctx.done$.subscribe(() => order.push('6 done$'));
      cancel();
      expect(order).toEqual([
        '1 done$',
        '2 afterFunc',
        '3 signal',
        '4 done$ of a value context',
        '5 afterFunc on a value context',
        '6 done$',
        'child',
      ]);
    });

    it('is that of subscription after some have left, from the front, the middle and the back', () => {
      const [ctx, cancel] = withCancel(background());
      const order: number[] = [];
      const subscriptions = [0, 1, 2, 3, 4, 5, 6].map((i) => ctx.done$.subscribe(() => order.push(i)));
      for (const i of [0, 3, 6]) subscriptions[i]!.unsubscribe();
      ctx.done$.subscribe(() => order.push(7));
      cancel();
      expect(order).toEqual([1, 2, 4, 5, 7]);
    });

    it('is that of the last subscription for one who left and came back', () => {
      const [ctx, cancel] = withCancel(background());
      const order: string[] = [];
      const first = ctx.done$.subscribe(() => order.push('first'));
      ctx.done$.subscribe(() => order.push('second'));
      first.unsubscribe();
      ctx.done$.subscribe(() => order.push('first, again'));
      cancel();
      expect(order).toEqual(['second', 'first, again']);
    });

    it('is over when cancel returns', () => {
      const { leaf, cancelRoot } = tree();
      const heard = listen(leaf);
      let fired = 0;
      afterFunc(leaf, () => fired++);
      cancelRoot();
      expect(heard.completed).toBe(1);
      expect(fired).toBe(1);
    });
  });

  describe('(a listener that throws)', () => {
    it('does not stop the others, does not make cancel throw, and is reported', async () => {
      const { root, left, leaf, cancelRoot } = tree();
      const order: string[] = [];
      const thrower = (name: string) => () => {
        order.push(name);
        throw new Error(name);
      };
      root.done$.subscribe(thrower('root'));
      afterFunc(root, thrower('afterFunc'));
      root.done$.subscribe(() => order.push('root, second'));
      left.done$.pipe(map(thrower('left'))).subscribe();
      leaf.done$.subscribe({ complete: thrower('leaf') });
      afterFunc(leaf, () => order.push('leaf, second'));
      expect(() => cancelRoot()).not.toThrow();
      expect(order).toEqual(['root', 'afterFunc', 'root, second', 'left', 'leaf', 'leaf, second']);

      expect(takeUnhandledErrors()).toEqual([]); // RxJS reports from a timer
      await macrotask();
      expect(takeUnhandledErrors().map((error) => (error as Error).message)).toEqual([
        'root',
        'afterFunc',
        'left',
        'leaf',
      ]);
    });

    it('is reported when it throws something falsy', async () => {
      const [ctx, cancel] = withCancel(background());
      afterFunc(ctx, () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- what the spec is about
        throw undefined;
      });
      const heard = listen(ctx);
      cancel();
      expect(heard.completed).toBe(1);
      await macrotask();
      expect(takeUnhandledErrors()).toEqual([undefined]);
    });

    it('does not stop those who hear from a timer', async () => {
      const clock = new Clock();
      const [ctx] = withTimeout(withScheduler(background(), clock), 10);
      afterFunc(ctx, () => {
        throw new Error('thrown');
      });
      const heard = listen(ctx);
      expect(() => clock.advance(10)).not.toThrow();
      expect(heard.completed).toBe(1);
      await macrotask();
      expect(takeUnhandledErrors()).toEqual([new Error('thrown')]);
    });
  });

  describe('(from inside a listener)', () => {
    it('does nothing when called again, on the same context, above or below', () => {
      const { root, left, leaf, cancelRoot, cancelLeft, cancelLeaf } = tree();
      const order: string[] = [];
      const cancelAll = (name: string) => () => {
        order.push(name);
        cancelLeaf('again');
        cancelLeft('again');
        cancelRoot('again');
      };
      for (const [name, ctx] of Object.entries({ leaf, left, root })) {
        ctx.done$.subscribe(cancelAll(name));
        ctx.done$.subscribe(cancelAll(`${name}, second`));
      }
      cancelRoot('first');
      expect(order).toEqual(['root', 'root, second', 'left', 'left, second', 'leaf', 'leaf, second']);
      for (const ctx of [root, left, leaf]) expect(ctx.cause).toBe('first');
    });

    it('ends the parent of the context that is being canceled', () => {
      const { root, left, leaf, right, cancelRoot, cancelLeft } = tree();
      const order: string[] = [];
      left.done$.subscribe(() => {
        order.push('left');
        cancelRoot('root');
        order.push('left is over');
      });
      for (const [name, ctx] of Object.entries({ left, leaf, root, right })) {
        ctx.done$.subscribe(() => order.push(name));
      }
      cancelLeft('left');
      expect([...order].sort()).toEqual(['leaf', 'left', 'left', 'left is over', 'right', 'root'].sort());
      expect(order.indexOf('root')).toBeLessThan(order.indexOf('left is over'));
      expect(order.indexOf('right')).toBeLessThan(order.indexOf('left is over'));
      expect([root, right, left, leaf].map(({ cause }) => cause)).toEqual(['root', 'root', 'left', 'left']);
    });

    it('ends another tree there and then', () => {
      const one = tree();
      const other = tree();
      const order: string[] = [];
      one.root.done$.subscribe(() => {
        order.push('one root');
        other.cancelRoot();
        order.push('back');
      });
      other.leaf.done$.subscribe(() => order.push('other leaf'));
      one.leaf.done$.subscribe(() => order.push('one leaf'));
      one.cancelRoot();
      expect(order).toEqual(['one root', 'other leaf', 'back', 'one leaf']);
    });

    it('ends a child that is canceled before its turn with the end of the parent, and tells it once', () => {
      const { root, left, cancelRoot, cancelLeft } = tree();
      const heard = listen(left);
      root.done$.subscribe(() => cancelLeft('own'));
      cancelRoot('from above');
      expect(left.cause).toBe('from above');
      expect(heard.errs).toEqual([root.err!]);
    });

    it('lets the rest of a subtree hear when a listener in it cancels a sibling subtree', () => {
      const [root, cancelRoot] = withCancel(background());
      const children = Array.from({ length: 5 }, () => withCancel(root));
      const heard: number[] = [];
      children.forEach(([child], i) => {
        child.done$.subscribe(() => {
          heard.push(i);
          for (const [, cancel] of children) cancel();
        });
      });
      cancelRoot();
      expect(heard.sort()).toEqual([0, 1, 2, 3, 4]);
    });

    it('may be by way of a signal that aborts', () => {
      const [one, cancelOne] = withCancel(background());
      const [other, cancelOther] = withCancel(background());
      one.signal.addEventListener('abort', () => cancelOther(one.signal.reason));
      cancelOne();
      expect(other.cause).toBe(one.err);
    });
  });

  describe('(unsubscribing inside a listener)', () => {
    it('keeps a listener of the same context from being called before its turn', () => {
      const [ctx, cancel] = withCancel(background());
      const order: string[] = [];
      ctx.done$.subscribe(() => {
        order.push('first');
        next.unsubscribe();
        last.unsubscribe();
      });
      const next = ctx.done$.subscribe(() => order.push('next'));
      ctx.done$.subscribe(() => order.push('third'));
      const last = ctx.done$.subscribe({ complete: () => order.push('last') });
      cancel();
      expect(order).toEqual(['first', 'third']);
    });

    it('keeps afterFunc from calling', () => {
      const [ctx, cancel] = withCancel(background());
      let called = 0;
      ctx.done$.subscribe(() => expect(stop()).toBeTrue());
      const stop = afterFunc(ctx, () => called++);
      cancel();
      expect(called).toBe(0);
    });

    it('keeps the listeners of a descendant from being called, and no other', () => {
      const { root, left, leaf, right, cancelRoot } = tree();
      const order: string[] = [];
      const subscriptions = [
        left.done$.subscribe(() => order.push('left')),
        leaf.done$.subscribe(() => order.push('leaf')),
      ];
      right.done$.subscribe(() => order.push('right'));
      root.done$.subscribe(() => {
        order.push('root');
        for (const subscription of subscriptions) subscription.unsubscribe();
      });
      cancelRoot();
      expect(order).toEqual(['root', 'right']);
    });

    it('keeps a sibling subtree from being called, from within another', () => {
      const [root, cancelRoot] = withCancel(background());
      const children = Array.from({ length: 4 }, () => withCancel(root)[0]);
      const heard: number[] = [];
      const subscriptions = children.map((child, i) =>
        child.done$.subscribe(() => {
          heard.push(i);
          subscriptions.forEach((subscription, other) => {
            if (other !== i) subscription.unsubscribe();
          });
        }),
      );
      cancelRoot();
      expect(heard.length).toBe(1);
    });

    it('of a listener that has been called already changes nothing', () => {
      const [ctx, cancel] = withCancel(background());
      const order: string[] = [];
      const first = ctx.done$.subscribe(() => order.push('first'));
      ctx.done$.subscribe(() => {
        order.push('second');
        first.unsubscribe();
      });
      ctx.done$.subscribe(() => order.push('third'));
      cancel();
      expect(order).toEqual(['first', 'second', 'third']);
    });

    it('of itself leaves out the completion only', () => {
      const [ctx, cancel] = withCancel(background());
      let completed = false;
      const order: string[] = [];
      const subscription = ctx.done$.subscribe({
        next: () => {
          order.push('first');
          subscription.unsubscribe();
        },
        complete: () => (completed = true),
      });
      ctx.done$.subscribe(() => order.push('second'));
      cancel();
      expect(order).toEqual(['first', 'second']);
      expect(completed).toBeFalse();
    });
  });

  describe('(subscribing and deriving inside a listener)', () => {
    it('gives a new subscriber both at once, and not again', () => {
      const { root, leaf, cancelRoot } = tree();
      const order: string[] = [];
      root.done$.subscribe(() => {
        order.push('listener');
        for (const [name, ctx] of Object.entries({ root, leaf })) {
          // eslint-disable-next-line rxjs-x/no-nested-subscribe -- what the spec is about
          ctx.done$.subscribe({ next: () => order.push(`${name} new`), complete: () => order.push(`${name} over`) });
        }
        order.push('back');
      });
      root.done$.subscribe(() => order.push('second'));
      leaf.done$.subscribe(() => order.push('leaf'));
      cancelRoot();
      expect(order).toEqual(['listener', 'root new', 'root over', 'leaf new', 'leaf over', 'back', 'second', 'leaf']);
    });

    it('derives a context that is done', () => {
      const { root, leaf, cancelRoot } = tree();
      const derived: Context[] = [];
      root.done$.subscribe(() => {
        derived.push(withCancel(root)[0], withCancel(leaf)[0], withTimeout(leaf, 1000)[0], withCancel(wrap(leaf))[0]);
        expect(derived.map(({ err }) => err)).toEqual(derived.map(() => root.err));
        for (const ctx of derived) expect(listen(ctx).completed).toBe(1);
      });
      cancelRoot('gone');
      expect(derived.map(({ cause }) => cause)).toEqual(['gone', 'gone', 'gone', 'gone']);
    });

    it('lets a new listener on a live context be told later', () => {
      const { root, right, left, cancelLeft, cancelRoot } = tree();
      const heard: string[] = [];
      afterFunc(left, () => {
        right.done$.subscribe(() => heard.push('right'));
        root.done$.subscribe(() => heard.push('root'));
      });
      cancelLeft();
      expect(heard).toEqual([]);
      cancelRoot();
      expect(heard).toEqual(['root', 'right']);
    });
  });
});
