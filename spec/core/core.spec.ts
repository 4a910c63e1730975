import { Observable, firstValueFrom } from 'rxjs';
import * as core from '../../lib/core.js';
import * as root from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';

describe('contexts of rxjs-ctx/core', () => {
  it('has roots of its own, and contexts that are native to the others', () => {
    expect(core.background()).toBe(core.background());
    expect(core.todo()).toBe(core.todo());
    expect(String(core.todo())).toBe('todo');
    const [above, cancel] = core.withCancel(core.background());
    const [below] = root.withCancel(above);
    cancel('gone');
    expect(below.err).toBe(above.err);
    expect(below.cause).toBe('gone');
  });

  it('takes done$ from the family of observables that is loaded', async () => {
    const [ctx, cancel] = root.withCancel(core.background());
    expect(ctx.done$).toBeInstanceOf(Observable);
    expect((core.background() as root.Context).done$).toBe(root.background().done$);
    cancel();
    expect(await firstValueFrom(ctx.done$)).toBe(ctx.err!);
  });

  it('follows signals and contexts', () => {
    const controller = new AbortController();
    const [other] = core.withCancel(core.background());
    const [ctx] = core.withCancelOn(core.background(), other, controller.signal);
    controller.abort('left');
    expect(ctx.cause).toBe('left');
    expect(String(core.withCancelOn(core.background())[0])).toBe('background.withCancel');
  });

  it('refuses an observable as a source', () => {
    expect(() => core.withCancelOn(core.background(), new Observable() as never)).toThrowError(
      TypeError,
      /^withCancelOn: source must be an AbortSignal or a Context, got \[object Object\]/,
    );
  });

  it('runs deadlines on any clock with now() and schedule()', () => {
    const clock = new Clock();
    const [ctx] = core.withTimeout(core.withScheduler(core.background(), clock), 5);
    let ended = false;
    core.afterFunc(ctx, () => (ended = true));
    clock.advance(5);
    expect(ended).toBeTrue();
  });
});
