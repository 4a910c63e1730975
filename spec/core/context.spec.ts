import { isObservable, NEVER } from 'rxjs';
import {
  background,
  CanceledError,
  contextKey,
  DeadlineExceededError,
  remaining,
  todo,
  withCancel,
  withDeadline,
  withoutCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';
import { wrap } from '../helpers/foreign.js';
import { listen } from '../helpers/listen.js';

// `Context` does not say that it has a toString of its own.
const printed = (ctx: unknown) => String(ctx);

const roots = { background, todo };

for (const [name, root] of Object.entries(roots)) {
  describe(name, () => {
    it('is the same object every time', () => {
      expect(root()).toBe(root());
    });

    it('is never done, and has no deadline and no values', () => {
      const ctx = root();
      expect(ctx.err).toBeUndefined();
      expect(ctx.cause).toBeUndefined();
      expect(ctx.deadline).toBeUndefined();
      expect(ctx.value(contextKey<string>('user'))).toBeUndefined();
    });

    it('has NEVER as its done$', () => {
      expect(root().done$).toBe(NEVER);
    });

    it('names itself', () => {
      expect(printed(root())).toBe(name);
    });
  });
}

describe('roots', () => {
  it('are two', () => {
    expect(background()).not.toBe(todo());
  });
});

describe('withCancel', () => {
  it('is not done until it is canceled', () => {
    const [ctx, cancel] = withCancel(background());
    expect(ctx.err).toBeUndefined();
    expect(ctx.cause).toBeUndefined();
    cancel();
    expect(ctx.err).toBeInstanceOf(CanceledError);
    expect(ctx.cause).toBe(ctx.err);
  });

  it('keeps one err for good', () => {
    const [ctx, cancel] = withCancel(background());
    cancel();
    const { err } = ctx;
    cancel(new Error('later'));
    expect(ctx.err).toBe(err);
    expect(ctx.cause).toBe(err);
  });

  it('keeps the cause that was given, and shows it on the error', () => {
    const [ctx, cancel] = withCancel(background());
    const cause = new Error('client gone');
    cancel(cause);
    expect(ctx.err).toBeInstanceOf(CanceledError);
    expect(ctx.cause).toBe(cause);
    expect(ctx.err!.cause).toBe(cause);
  });

  it('keeps the first cause, not a later one', () => {
    const [ctx, cancel] = withCancel(background());
    cancel('first');
    cancel('second');
    expect(ctx.cause).toBe('first');
    expect(ctx.err!.cause).toBe('first');
  });

  it('keeps no cause when canceled without one, though a later call gives one', () => {
    const [ctx, cancel] = withCancel(background());
    cancel();
    cancel('too late');
    expect(ctx.cause).toBe(ctx.err);
    expect(Object.hasOwn(ctx.err!, 'cause')).toBeFalse();
  });

  it('takes undefined for no cause', () => {
    const [ctx, cancel] = withCancel(background());
    cancel(undefined);
    expect(ctx.cause).toBe(ctx.err);
    expect(Object.hasOwn(ctx.err!, 'cause')).toBeFalse();
  });

  for (const cause of [null, 0, '', false]) {
    it(`takes ${JSON.stringify(cause)} for a cause`, () => {
      const [ctx, cancel] = withCancel(background());
      const [child] = withCancel(ctx);
      cancel(cause);
      expect(ctx.cause).toBe(cause);
      expect(child.cause).toBe(cause);
      expect(Object.hasOwn(ctx.err!, 'cause')).toBeTrue();
      expect(ctx.err!.cause).toBe(cause);
    });
  }

  it('takes a function, a context and an error of a context for a cause like anything else', () => {
    const [other, cancelOther] = withCancel(background());
    cancelOther();
    for (const cause of [() => 'never called', other, other.err]) {
      const [ctx, cancel] = withCancel(background());
      cancel(cause);
      expect(ctx.cause).toBe(cause);
      expect(ctx.err).not.toBe(other.err);
    }
  });

  it('has a cancel that returns nothing and needs no receiver', () => {
    const [ctx, cancel] = withCancel(background());
    const alone = cancel as (cause?: unknown) => unknown;
    expect(alone('gone')).toBeUndefined();
    expect(ctx.cause).toBe('gone');
  });

  it('ends with its parent: same err, same cause', () => {
    const [parent, cancel] = withCancel(background());
    const [child] = withCancel(parent);
    const [grandchild] = withCancel(child);
    cancel('gone');
    expect(grandchild.err).toBe(parent.err);
    expect(child.err).toBe(parent.err);
    expect(child.cause).toBe('gone');
    expect(grandchild.cause).toBe('gone');
  });

  it('ends with its parent, whichever of the two is asked first', () => {
    const [parent, cancel] = withCancel(background());
    const [child] = withCancel(parent);
    cancel();
    const { err } = child;
    expect(err).toBeInstanceOf(CanceledError);
    expect(parent.err).toBe(err);
  });

  it('does not end its parent or its sibling', () => {
    const [parent] = withCancel(background());
    const [child, cancel] = withCancel(parent);
    const [sibling] = withCancel(parent);
    cancel();
    expect(child.err).toBeDefined();
    expect(parent.err).toBeUndefined();
    expect(sibling.err).toBeUndefined();
  });

  it('keeps its own end when its parent ends later', () => {
    const [parent, cancelParent] = withCancel(background());
    const [child, cancelChild] = withCancel(parent);
    const [grandchild] = withCancel(child);
    cancelChild('own');
    cancelParent('from above');
    expect(child.cause).toBe('own');
    expect(grandchild.cause).toBe('own');
    expect(grandchild.err).toBe(child.err);
    expect(parent.cause).toBe('from above');
    expect(parent.err).not.toBe(child.err);
  });

  it("keeps its parent's end when it is canceled later", () => {
    const [parent, cancelParent] = withCancel(background());
    const [child, cancelChild] = withCancel(parent);
    cancelParent('from above');
    cancelChild('own');
    expect(child.cause).toBe('from above');
    expect(child.err).toBe(parent.err);
  });

  it('is done at once under a parent that is done', () => {
    const [parent, cancelParent] = withCancel(background());
    cancelParent('gone');
    const [child, cancelChild] = withCancel(parent);
    expect(child.err).toBe(parent.err);
    expect(child.cause).toBe('gone');
    cancelChild('own');
    expect(child.cause).toBe('gone');
    expect(listen(child).errs).toEqual([parent.err!]);
  });

  it('has the deadline and the values of its parent', () => {
    const key = contextKey<string>('user');
    const [timed] = withDeadline(withScheduler(background(), new Clock()), 10);
    const [ctx] = withCancel(withValue(timed, key, 'Ann'));
    expect(ctx.deadline).toBe(10);
    expect(ctx.value(key)).toBe('Ann');
  });
});

describe('CancelFunc', () => {
  it('cancels at the end of a block that is `using` it, without a cause', () => {
    const [ctx, cancel] = withCancel(background());
    {
      using _ = cancel;
      expect(ctx.err).toBeUndefined();
    }
    expect(ctx.err).toBeInstanceOf(CanceledError);
    expect(ctx.cause).toBe(ctx.err);
  });

  it('cancels at the end of a block that throws', () => {
    const [ctx, cancel] = withTimeout(withScheduler(background(), new Clock()), 10);
    expect(() => {
      using _ = cancel;
      throw new Error('thrown');
    }).toThrowError('thrown');
    expect(ctx.err).toBeInstanceOf(CanceledError);
  });

  it('changes nothing at the end of a block in which the context has ended', () => {
    const [ctx, cancel] = withCancel(background());
    {
      using _ = cancel;
      cancel('gone');
    }
    expect(ctx.cause).toBe('gone');
  });
});

describe('done$', () => {
  it('is one observable per context', () => {
    const [ctx] = withCancel(background());
    const [other] = withCancel(background());
    expect(isObservable(ctx.done$)).toBeTrue();
    expect(ctx.done$).toBe(ctx.done$);
    expect(ctx.done$).not.toBe(other.done$);
  });

  it('is one observable before and after the end', () => {
    const [ctx, cancel] = withCancel(background());
    const { done$ } = ctx;
    cancel();
    expect(ctx.done$).toBe(done$);
  });

  it('of a child is not that of its parent, which may live longer', () => {
    const [parent] = withCancel(background());
    const [child] = withCancel(parent);
    expect(child.done$).not.toBe(parent.done$);
  });

  it('emits err once, then completes, inside cancel', () => {
    const [ctx, cancel] = withCancel(background());
    const heard = listen(ctx);
    expect(heard.errs).toEqual([]);
    expect(heard.completed).toBe(0);
    cancel('gone');
    expect(heard.errs.length).toBe(1);
    expect(heard.errs[0]).toBe(ctx.err);
    expect(heard.completed).toBe(1);
    cancel('again');
    expect(heard.errs.length).toBe(1);
    expect(heard.completed).toBe(1);
  });

  it('emits before it completes', () => {
    const [ctx, cancel] = withCancel(background());
    const order: string[] = [];
    ctx.done$.subscribe({ next: () => order.push('next'), complete: () => order.push('complete') });
    cancel();
    expect(order).toEqual(['next', 'complete']);
  });

  it('gives a late subscriber both at once', () => {
    const [ctx, cancel] = withCancel(background());
    cancel();
    for (let i = 0; i < 2; i++) {
      const heard = listen(ctx);
      expect(heard.errs).toEqual([ctx.err!]);
      expect(heard.completed).toBe(1);
    }
  });

  it('says nothing to a subscriber that has left', () => {
    const [ctx, cancel] = withCancel(background());
    const heard = listen(ctx);
    const stays = listen(ctx);
    heard.unsubscribe();
    cancel();
    expect(heard.errs).toEqual([]);
    expect(heard.completed).toBe(0);
    expect(stays.completed).toBe(1);
  });

  it('tells one subscriber as often as it subscribed', () => {
    const [ctx, cancel] = withCancel(background());
    let times = 0;
    const next = () => times++;
    ctx.done$.subscribe(next);
    ctx.done$.subscribe(next);
    cancel();
    expect(times).toBe(2);
  });

  it('tells the subscribers of a child in the same cancel', () => {
    const [parent, cancel] = withCancel(background());
    const [child] = withCancel(withValue(parent, contextKey<string>('user'), 'Ann'));
    const heard = listen(child);
    cancel('gone');
    expect(heard.errs).toEqual([parent.err!]);
    expect(heard.completed).toBe(1);
  });
});

describe('withValue', () => {
  const user = contextKey<string>('user');
  const count = contextKey<number>('count');

  it('has the value, and its parent has not', () => {
    const [parent] = withCancel(background());
    expect(withValue(parent, user, 'Ann').value(user)).toBe('Ann');
    expect(parent.value(user)).toBeUndefined();
  });

  it("shadows its parent's value for that key only", () => {
    const parent = withValue(withValue(background(), user, 'Ann'), count, 1);
    const child = withValue(parent, user, 'Bob');
    expect(child.value(user)).toBe('Bob');
    expect(child.value(count)).toBe(1);
    expect(parent.value(user)).toBe('Ann');
  });

  it('does not show a value to a sibling', () => {
    const parent = withValue(background(), count, 1);
    const child = withValue(parent, user, 'Ann');
    const sibling = withValue(parent, user, 'Bob');
    expect(child.value(user)).toBe('Ann');
    expect(sibling.value(user)).toBe('Bob');
  });

  it('hands values down through contexts of every other kind', () => {
    const clock = new Clock();
    const [canceled] = withCancel(withValue(background(), user, 'Ann'));
    const [timed] = withTimeout(withScheduler(canceled, clock), 10);
    expect(withoutCancel(wrap(timed)).value(user)).toBe('Ann');
  });

  for (const value of [undefined, null, 0, '', false]) {
    it(`shadows with ${JSON.stringify(value)}`, () => {
      const key = contextKey<unknown>('any');
      const child = withValue(withValue(background(), key, 'shadowed'), key, value);
      expect(child.value(key)).toBe(value);
    });
  }

  it('has the values still when it is done', () => {
    const [parent, cancel] = withCancel(background());
    const ctx = withValue(parent, user, 'Ann');
    cancel();
    expect(ctx.value(user)).toBe('Ann');
  });

  it('shares done$, err, cause and deadline with its parent', () => {
    const [parent, cancel] = withDeadline(withScheduler(background(), new Clock()), 10);
    const ctx = withValue(parent, user, 'Ann');
    expect(ctx.done$).toBe(parent.done$);
    expect(ctx.deadline).toBe(10);
    expect(ctx.err).toBeUndefined();
    cancel('gone');
    expect(ctx.err).toBe(parent.err);
    expect(ctx.cause).toBe('gone');
    expect(ctx.done$).toBe(parent.done$);
  });

  it('shares done$ down a chain of values, and with background', () => {
    const [parent] = withCancel(background());
    expect(withValue(withValue(parent, user, 'Ann'), count, 1).done$).toBe(parent.done$);
    expect(withValue(background(), user, 'Ann').done$).toBe(NEVER);
  });

  it('takes the end of a parent that is done', () => {
    const [parent, cancel] = withCancel(background());
    cancel('gone');
    const ctx = withValue(parent, user, 'Ann');
    expect(ctx.err).toBe(parent.err);
    expect(ctx.cause).toBe('gone');
  });
});

describe('withoutCancel', () => {
  const user = contextKey<string>('user');

  it('keeps the values, and drops cancellation and the deadline', () => {
    const [parent, cancel] = withDeadline(withScheduler(background(), new Clock()), 10);
    const ctx = withoutCancel(withValue(parent, user, 'Ann'));
    expect(ctx.deadline).toBeUndefined();
    expect(remaining(ctx)).toBe(Infinity);
    cancel('gone');
    expect(ctx.err).toBeUndefined();
    expect(ctx.cause).toBeUndefined();
    expect(ctx.value(user)).toBe('Ann');
  });

  it('has NEVER as its done$, for it cannot end', () => {
    const [parent] = withCancel(background());
    expect(withoutCancel(parent).done$).toBe(NEVER);
  });

  it('lives under a parent that is done', () => {
    const [parent, cancel] = withCancel(background());
    cancel();
    const ctx = withoutCancel(parent);
    expect(ctx.err).toBeUndefined();
    expect(ctx.signal.aborted).toBeFalse();
    const [child, cancelChild] = withCancel(ctx);
    const heard = listen(child);
    expect(child.err).toBeUndefined();
    cancelChild();
    expect(heard.completed).toBe(1);
  });

  it('cuts its descendants off', () => {
    const [parent, cancel] = withCancel(background());
    const [child] = withCancel(withoutCancel(parent));
    const heard = listen(child);
    cancel();
    expect(child.err).toBeUndefined();
    expect(heard.completed).toBe(0);
  });

  it('cuts its descendants off from a deadline that passes', () => {
    const clock = new Clock();
    const [parent] = withTimeout(withScheduler(background(), clock), 10);
    const [child] = withTimeout(withoutCancel(parent), 20);
    const heard = listen(child);
    expect(child.deadline).toBe(20);
    clock.advance(15);
    expect(parent.err).toBeInstanceOf(DeadlineExceededError);
    expect(child.err).toBeUndefined();
    clock.advance(5);
    expect(heard.errs).toEqual([jasmine.any(DeadlineExceededError)]);
  });

  it('keeps the scheduler', () => {
    const clock = new Clock(1000);
    const [ctx] = withTimeout(withoutCancel(withScheduler(background(), clock)), 10);
    expect(ctx.deadline).toBe(1010);
  });
});

describe('String(ctx)', () => {
  const user = contextKey<string>('user');
  const secret = contextKey<unknown>('secret');

  it('names the way the context was derived', () => {
    spyOn(Date, 'now').and.returnValue(Date.UTC(2026, 10, 22, 9, 59, 58, 800));
    const [ctx] = withDeadline(withCancel(background())[0], new Date('2026-11-22T10:00:00.000Z'));
    expect(printed(withValue(ctx, user, 'Ann'))).toBe(
      'background.withCancel.withDeadline(2026-11-22T10:00:00.000Z, 1.2s left).withValue(user)',
    );
  });

  it('names every kind', () => {
    const [ctx] = withCancel(todo());
    expect(printed(ctx)).toBe('todo.withCancel');
    expect(printed(withoutCancel(ctx))).toBe('todo.withCancel.withoutCancel');
    expect(printed(withScheduler(ctx, new Clock()))).toBe('todo.withCancel.withScheduler');
    expect(printed(withValue(ctx, user, 'Ann'))).toBe('todo.withCancel.withValue(user)');
  });

  it('names a timeout by its deadline', () => {
    const clock = new Clock(Date.UTC(2026, 10, 22));
    const [ctx] = withTimeout(withScheduler(todo(), clock), 1500);
    expect(printed(ctx)).toBe('todo.withScheduler.withDeadline(2026-11-22T00:00:01.500Z, 1.5s left)');
  });

  it('never prints a value', () => {
    let read = 0;
    const value = {
      password: 'hunter2',
      toString: () => (read++, 'hunter2'),
      toJSON: () => (read++, 'hunter2'),
      [Symbol.toPrimitive]: () => (read++, 'hunter2'),
    };
    const [ctx] = withCancel(withValue(withValue(background(), secret, 'hunter2'), secret, value));
    expect(printed(ctx)).toBe('background.withValue(secret).withValue(secret).withCancel');
    expect(read).toBe(0);
  });

  it('never prints a cause', () => {
    const [ctx, cancel] = withCancel(background());
    const [child] = withCancel(ctx);
    cancel('hunter2');
    expect(printed(child)).not.toContain('hunter2');
    expect(printed(child)).toContain('background.withCancel.withCancel');
  });

  it('starts with how a foreign parent names itself', () => {
    const parent = Object.assign(wrap(background()), { toString: () => 'request 7' });
    expect(printed(withCancel(parent)[0])).toBe('request 7.withCancel');
  });

  it('calls a foreign parent that has no name of its own foreign', () => {
    expect(printed(withCancel(wrap(background()))[0])).toBe('foreign.withCancel');
    const bare = Object.setPrototypeOf(wrap(background()), null) as Context;
    expect(printed(withCancel(bare)[0])).toBe('foreign.withCancel');
  });

  it('is what a logger gets that serializes or inspects a context, and never what it carries', () => {
    const [ctx] = withCancel(withValue(background(), secret, 'hunter2'));
    const inspect = (ctx as unknown as Record<symbol, () => string>)[Symbol.for('nodejs.util.inspect.custom')]!;
    expect(JSON.stringify({ ctx })).toBe('{"ctx":"background.withValue(secret).withCancel"}');
    expect(inspect.call(ctx)).toBe('background.withValue(secret).withCancel');
  });

  for (const ms of [-Infinity, -1e300, -1, 0, 1e300, Number.MAX_VALUE, Infinity]) {
    it(`says something for a timeout of ${ms} ms`, () => {
      const [ctx] = withTimeout(withScheduler(background(), new Clock()), ms);
      expect(printed(ctx)).toMatch(/^background\.withScheduler\.with(Deadline|Cancel)/);
    });
  }
});
