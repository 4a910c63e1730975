import { EMPTY, NEVER, Subject, from, of, range } from 'rxjs';
import type { Observable } from 'rxjs';
import { background, mergeMapCtx, withCancel } from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import {
  callAfter,
  canceled,
  drawLife,
  exceeded,
  expectRefused,
  itRunsEachInnerStreamUnderItsOwnChild,
  run,
} from '../helpers/operators.js';
import type { Wrong } from '../helpers/operators.js';

describe('mergeMapCtx', () => {
  it('projects each value to an inner stream, side by side, until ctx is canceled', () => {
    run((t) => {
      const source = t.cold('--1-2---------|');
      const inner = t.cold('   a--b--c|');
      const ctx = t.ctx('    ----------c');
      const result = '       --a-ab-bc-#';
      const first = '        --^------!';
      const second = '       ----^-----!';
      const subs = '         ^---------!';

      t.expectObservable(source.pipe(mergeMapCtx(ctx, () => inner))).toBe(result, undefined, canceled);
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
      const result = '       --a-ab#';
      const first = '        --^---!';
      const second = '       ----^-!';
      const subs = '         ^-----!';

      t.expectObservable(source.pipe(mergeMapCtx(ctx, () => inner))).toBe(result, undefined, exceeded);
      t.expectSubscriptions(inner.subscriptions).toBe([first, second]);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('errors at once under a ctx that is done, subscribes to no source and projects nothing', () => {
    run((t) => {
      const source = t.cold('--1-2---------|');
      const result = '       #';
      const project = jasmine.createSpy<() => Observable<string>>('project').and.returnValue(of('a'));

      t.expectObservable(source.pipe(mergeMapCtx(t.ctx('c'), project))).toBe(result, undefined, canceled);
      t.expectObservable(source.pipe(mergeMapCtx(t.ctx('d'), project))).toBe(result, undefined, exceeded);
      t.expectSubscriptions(source.subscriptions).toBe([]);
      t.flush();
      expect(project).not.toHaveBeenCalled();
    });
  });

  it('completes when the source has completed and the last inner stream ends', () => {
    run((t) => {
      const source = t.cold('--1-2|');
      const inner = t.cold('   a--b--c|');
      const ctx = t.ctx('    -------------c');
      const result = '       --a-ab-bc-c|';
      const first = '        --^------!';
      const second = '       ----^------!';
      const subs = '         ^----!';

      t.expectObservable(source.pipe(mergeMapCtx(ctx, () => inner))).toBe(result);
      t.expectSubscriptions(inner.subscriptions).toBe([first, second]);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('errors with the error of a source that errors first', () => {
    run((t) => {
      const source = t.cold('--1-2-#', undefined, new Error('broken'));
      const inner = t.cold('   a--b--c|');
      const ctx = t.ctx('    ----------c');
      const result = '       --a-ab#';
      const first = '        --^---!';
      const second = '       ----^-!';
      const subs = '         ^-----!';

      t.expectObservable(source.pipe(mergeMapCtx(ctx, () => inner))).toBe(result, undefined, new Error('broken'));
      t.expectSubscriptions(inner.subscriptions).toBe([first, second]);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('unsubscribes from the source and the inner streams when it is unsubscribed early', () => {
    run((t) => {
      const source = t.cold('--1-2---------|');
      const inner = t.cold('   a--b--c|');
      const ctx = t.ctx('    ----------c');
      const unsub = '        ^-----!';
      const result = '       --a-ab-';
      const first = '        --^---!';
      const second = '       ----^-!';
      const subs = '         ^-----!';

      t.expectObservable(source.pipe(mergeMapCtx(ctx, () => inner)), unsub).toBe(result);
      t.expectSubscriptions(inner.subscriptions).toBe([first, second]);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('projects the values of a synchronous source', () => {
    run((t) => {
      const inner = t.cold('a----b----|');
      const result = '      (aa)-(bb)-|';

      t.expectObservable(of(1, 2).pipe(mergeMapCtx(background(), () => inner))).toBe(result);
      t.expectObservable(of(1, 2).pipe(mergeMapCtx(background(), (_, value) => of(value)))).toBe('(xy|)', {
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
      const result = '       --a-a(b#)';
      const first = '        --^--!';
      const second = '       ----^!';
      const subs = '         ^----!';
      const stream = source.pipe(
        mergeMapCtx(ctx, () => inner),
        callAfter('b', cancel),
      );

      t.expectObservable(stream).toBe(result, undefined, canceled);
      t.expectSubscriptions(inner.subscriptions).toBe([first, second]);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('derives a child for each inner stream, which lives exactly as long as that is subscribed', () => {
    run((t) => {
      const life = t.cold('  -');
      const source = t.cold('-1--2-----3----');
      const inner = t.cold('  --a--|');
      const unsub = '        ^------------!';
      const result = '       ---a--a-----a-';
      const first = '        -^----!';
      const second = '       ----^----!';
      const third = '        ----------^--!';
      const project = (child: Context) => {
        drawLife(child, life);
        return inner;
      };

      t.expectObservable(source.pipe(mergeMapCtx(background(), project)), unsub).toBe(result);
      t.expectSubscriptions(inner.subscriptions).toBe([first, second, third]);
      t.expectSubscriptions(life.subscriptions).toBe([first, second, third]);
    });
  });

  it('runs as many inner streams at a time as it is told; a child is derived only when its turn has come', () => {
    run((t) => {
      const life = t.cold('  -');
      const source = t.cold('-1-2-3-------|');
      const inner = t.cold('  --a--|');
      const first = '        -^----!';
      const second = '       ---^----!';
      const third = '        ------^----!';
      const result = '       ---a-a--a----|';
      const project = (child: Context) => {
        drawLife(child, life);
        return inner;
      };

      t.expectObservable(source.pipe(mergeMapCtx(background(), project, 2))).toBe(result);
      t.expectSubscriptions(inner.subscriptions).toBe([first, second, third]);
      t.expectSubscriptions(life.subscriptions).toBe([first, second, third]);
    });
  });

  it('runs one at a time with a concurrency of 1, all with Infinity or none given', () => {
    for (const [concurrent, running] of [
      [1, 1],
      [3, 3],
      [Infinity, 100],
      [undefined, 100],
    ] as const) {
      const children: Context[] = [];
      const project = (child: Context) => {
        children.push(child);
        return NEVER;
      };
      range(1, 100)
        .pipe(mergeMapCtx(background(), project, concurrent))
        .subscribe();
      expect(children.length).toBe(running);
    }
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
      .pipe(mergeMapCtx(ctx, project, 2))
      .subscribe({ error: (err: unknown) => errors.push(err) });
    cancel();
    expect(projected).toEqual([1, 2]);
    expect(errors).toEqual([ctx.err]);
  });

  it('cancels the children of all inner streams when one errors, and of none when one completes', () => {
    const inners = [new Subject<number>(), new Subject<number>(), new Subject<number>()];
    const children: Context[] = [];
    const project = (child: Context, inner: Subject<number>) => {
      children.push(child);
      return inner;
    };
    from(inners)
      .pipe(mergeMapCtx(background(), project))
      .subscribe({ error: () => {} });
    inners[0]!.complete();
    expect(children.map(({ err }) => err)).toEqual([canceled, undefined, undefined]);
    inners[1]!.error(new Error('broken'));
    expect(children.map(({ err }) => err)).toEqual([canceled, canceled, canceled]);
  });

  it('refuses what is no concurrency', () => {
    const wrong: Wrong[] = [
      [null, 'null'],
      [0, '0'],
      [-1, '-1'],
      [NaN, 'NaN'],
      ['2', '"2"'],
      [true, 'true'],
      [[2], 'an array'],
      [{}, '[object Object]'],
    ];
    expectRefused('mergeMapCtx: concurrent must be a number above 0', wrong, (got, ctx, source) =>
      source.pipe(mergeMapCtx(ctx, () => EMPTY, got)),
    );
  });

  itRunsEachInnerStreamUnderItsOwnChild(mergeMapCtx);
});
