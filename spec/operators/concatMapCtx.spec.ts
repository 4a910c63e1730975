import { NEVER, Subject, of } from 'rxjs';
import type { Observable } from 'rxjs';
import { background, concatMapCtx, withCancel } from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import {
  callAfter,
  canceled,
  drawLife,
  exceeded,
  itRunsEachInnerStreamUnderItsOwnChild,
  run,
} from '../helpers/operators.js';

describe('concatMapCtx', () => {
  it('projects each value to an inner stream, one after the other, until ctx is canceled', () => {
    run((t) => {
      const source = t.cold('--1-2---------|');
      const inner = t.cold('   a--b--c|');
      const ctx = t.ctx('    ----------c');
      const result = '       --a--b--ca#';
      const first = '        --^------!';
      const second = '       ---------^!';
      const subs = '         ^---------!';

      t.expectObservable(source.pipe(concatMapCtx(ctx, () => inner))).toBe(result, undefined, canceled);
      t.expectSubscriptions(inner.subscriptions).toBe([first, second]);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
      t.expectCtx(ctx).toBe('----------c');
    });
  });

  it('errors when the deadline of ctx passes', () => {
    run((t) => {
      const source = t.cold('--1-2---------|');
      const inner = t.cold('   a--b--c|');
      const ctx = t.ctx('    ------d');
      const result = '       --a--b#';
      const first = '        --^---!';
      const subs = '         ^-----!';

      t.expectObservable(source.pipe(concatMapCtx(ctx, () => inner))).toBe(result, undefined, exceeded);
      t.expectSubscriptions(inner.subscriptions).toBe([first]);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('errors at once under a ctx that is done, subscribes to no source and projects nothing', () => {
    run((t) => {
      const source = t.cold('--1-2---------|');
      const result = '       #';
      const project = jasmine.createSpy<() => Observable<string>>('project').and.returnValue(of('a'));

      t.expectObservable(source.pipe(concatMapCtx(t.ctx('c'), project))).toBe(result, undefined, canceled);
      t.expectObservable(source.pipe(concatMapCtx(t.ctx('d'), project))).toBe(result, undefined, exceeded);
      t.expectSubscriptions(source.subscriptions).toBe([]);
      t.flush();
      expect(project).not.toHaveBeenCalled();
    });
  });

  it('completes when the source has completed and the last inner stream ends', () => {
    run((t) => {
      const source = t.cold('--1-2|');
      const inner = t.cold('   a--b--c|');
      const ctx = t.ctx('    ------------------c');
      const result = '       --a--b--ca--b--c|';
      const first = '        --^------!';
      const second = '       ---------^------!';
      const subs = '         ^----!';

      t.expectObservable(source.pipe(concatMapCtx(ctx, () => inner))).toBe(result);
      t.expectSubscriptions(inner.subscriptions).toBe([first, second]);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('errors with the error of a source that errors first', () => {
    run((t) => {
      const source = t.cold('--1-2-#', undefined, new Error('broken'));
      const inner = t.cold('   a--b--c|');
      const ctx = t.ctx('    ----------c');
      const result = '       --a--b#';
      const first = '        --^---!';
      const subs = '         ^-----!';

      t.expectObservable(source.pipe(concatMapCtx(ctx, () => inner))).toBe(result, undefined, new Error('broken'));
      t.expectSubscriptions(inner.subscriptions).toBe([first]);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('unsubscribes from the source and the inner streams when it is unsubscribed early', () => {
    run((t) => {
      const source = t.cold('--1-2---------|');
      const inner = t.cold('   a--b--c|');
      const ctx = t.ctx('    ----------c');
      const unsub = '        ^-----!';
      const result = '       --a--b-';
      const first = '        --^---!';
      const subs = '         ^-----!';

      t.expectObservable(source.pipe(concatMapCtx(ctx, () => inner)), unsub).toBe(result);
      t.expectSubscriptions(inner.subscriptions).toBe([first]);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('projects the values of a synchronous source', () => {
    run((t) => {
      const inner = t.cold('a----b----|');
      const result = '      a----b----a----b----|';

      t.expectObservable(of(1, 2).pipe(concatMapCtx(background(), () => inner))).toBe(result);
      t.expectObservable(of(1, 2).pipe(concatMapCtx(background(), (_, value) => of(value)))).toBe('(xy|)', {
        x: 1,
        y: 2,
      });
    });
  });

  it('errors when ctx is canceled from inside next, and no value follows', () => {
    run((t) => {
      const [ctx, cancel] = withCancel(background());
      const source = t.cold('--1-2---------|');
      const inner = t.cold('   a--b--c|');
      const result = '       --a--(b#)';
      const first = '        --^--!';
      const subs = '         ^----!';
      const stream = source.pipe(
        concatMapCtx(ctx, () => inner),
        callAfter('b', cancel),
      );

      t.expectObservable(stream).toBe(result, undefined, canceled);
      t.expectSubscriptions(inner.subscriptions).toBe([first]);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('derives a child for each inner stream, which lives exactly as long as that is subscribed', () => {
    run((t) => {
      const life = t.cold('  -');
      const source = t.cold('-1--2-----3----');
      const inner = t.cold('  --a--|');
      const unsub = '        ^------------!';
      const result = '       ---a----a-----';
      const first = '        -^----!';
      const second = '       ------^----!';
      const third = '        -----------^-!';
      const project = (child: Context) => {
        drawLife(child, life);
        return inner;
      };

      t.expectObservable(source.pipe(concatMapCtx(background(), project)), unsub).toBe(result);
      t.expectSubscriptions(inner.subscriptions).toBe([first, second, third]);
      t.expectSubscriptions(life.subscriptions).toBe([first, second, third]);
    });
  });

  it('has canceled the child of one inner stream when the next value is projected', () => {
    const errs: unknown[] = [];
    const children: Context[] = [];
    const inners = [new Subject<string>(), new Subject<string>()];
    const project = (child: Context, value: number) => {
      errs.push(children.map(({ err }) => err));
      children.push(child);
      return inners[value]!;
    };
    of(0, 1).pipe(concatMapCtx(background(), project)).subscribe();
    expect(errs).toEqual([[]]);
    inners[0]!.complete();
    expect(errs).toEqual([[], [canceled]]);
    expect(children[1]?.err).toBeUndefined();
  });

  it('does not project what still waits when ctx is canceled', () => {
    const [ctx, cancel] = withCancel(background());
    const projected: number[] = [];
    const errors: unknown[] = [];
    const project = (_: Context, value: number) => {
      projected.push(value);
      return NEVER;
    };
    of(1, 2, 3)
      .pipe(concatMapCtx(ctx, project))
      .subscribe({ error: (err: unknown) => errors.push(err) });
    cancel();
    expect(projected).toEqual([1]);
    expect(errors).toEqual([ctx.err]);
  });

  itRunsEachInnerStreamUnderItsOwnChild(concatMapCtx);
});
