import { background, withCancel, withCancelOn } from '../../lib/index.js';
import { listen } from '../helpers/listen.js';

/** A signal that is aborted in the middle of somebody's adding a listener, before that is added: its event is missed. */
function abortedMeanwhile(): AbortSignal {
  const controller = new AbortController();
  const { signal } = controller;
  const add = signal.addEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    controller.abort('meanwhile');
    add(...args);
  };
  return signal;
}

describe('a signal that is aborted while a context is being derived from it', () => {
  it('ends the context, though its event is missed', () => {
    const [ctx] = withCancelOn(background(), abortedMeanwhile());
    const heard = listen(ctx);
    expect(ctx.cause).toBe('meanwhile');
    expect(heard.errs).toEqual([ctx.err!]);
  });

  it('ends all who follow it', () => {
    const signal = abortedMeanwhile();
    const followers = [0, 1, 2].map(() => withCancelOn(background(), signal)[0]);
    for (const ctx of followers) expect(ctx.cause).toBe('meanwhile');
  });

  it('by a listener of the parent, which ends then, too: the parent was first', () => {
    const controller = new AbortController();
    const [parent, cancel] = withCancel(background());
    parent.done$.subscribe(() => controller.abort('second'));
    const [ctx] = withCancelOn(parent, controller.signal);
    cancel('first');
    expect(ctx.cause).toBe('first');
    expect(controller.signal.aborted).toBeTrue();
  });

  it('by its own event, of which another listener derives one more context', () => {
    const controller = new AbortController();
    const causes: unknown[] = [];
    controller.signal.addEventListener('abort', () => {
      causes.push(withCancelOn(background(), controller.signal)[0].cause);
    });
    const [ctx] = withCancelOn(background(), controller.signal);
    controller.abort('gone');
    expect(causes).toEqual(['gone']);
    expect(ctx.cause).toBe('gone');
  });

  it('without a reason that means anything is canceled all the same', () => {
    for (const reason of [null, 0, '', false]) {
      const controller = new AbortController();
      const [ctx] = withCancelOn(background(), controller.signal);
      const heard = listen(ctx);
      controller.abort(reason);
      expect(ctx.cause).toBe(reason);
      expect(heard.completed).toBe(1);
    }
  });
});
