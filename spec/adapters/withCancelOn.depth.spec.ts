// Long lines of contexts that follow one another, which need no long stack, and no time that grows with its square.
import { CanceledError, background, withCancel, withCancelOn, withScheduler, withTimeout } from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';
import { listen } from '../helpers/listen.js';

describe('withCancelOn (depth)', () => {
  for (const [how, follow] of [
    ['one after the other', (last: Context, clock: Clock) => withCancelOn(withScheduler(background(), clock), last)],
    ['each under the last', (last: Context, _: Clock, first: Context) => withCancelOn(last, first)],
  ] as const) {
    const line = (first: Context, clock: Clock) => {
      let last = first;
      for (let i = 0; i < 30_000; i++) [last] = follow(last, clock, first);
      return last;
    };

    it(`ends 30,000 contexts that follow one another, ${how}`, () => {
      const [first, cancel] = withCancel(background());
      const last = line(first, new Clock());
      const heard = listen(last);
      cancel('gone');
      expect(heard.errs).toEqual([last.err!]);
      expect(heard.errs[0]).toBeInstanceOf(CanceledError);
    }, 60_000);

    it(`has all of them say when they ended, ${how}, to a deadline below that is on another clock`, () => {
      const [clock, other] = [new Clock(), new Clock()];
      const [first, cancel] = withTimeout(withScheduler(background(), clock), 10);
      const [child] = withTimeout(withScheduler(line(first, clock), other), 5, { cause: 'mine' });
      for (const each of [clock, other]) each.jump(7);
      cancel();
      expect(child.cause).toBe('mine');
    }, 60_000);

    for (const looking of [false, true]) {
      it(`ends them, ${how}, at the deadline of the first, ${looking ? 'seen in a busy loop' : 'by its timer'}`, () => {
        const clock = new Clock();
        const [first] = withTimeout(withScheduler(background(), clock), 10);
        const last = line(first, clock);
        const heard = listen(last);
        expect(last.deadline).toBe(10);
        if (looking) {
          clock.jump(10);
          expect(last.err).toBeDefined();
          expect(heard.errs).toEqual([]);
        }
        clock.advance(10);
        expect(heard.errs).toEqual([last.err!]);
        expect(clock.actions).toEqual([]);
      }, 60_000);
    }
  }
});
