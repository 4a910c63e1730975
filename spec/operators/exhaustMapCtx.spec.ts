import { Subject, of } from 'rxjs';
import type { Observable } from 'rxjs';
import { background, exhaustMapCtx, withCancel } from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import {
  callAfter,
  canceled,
  drawLife,
  exceeded,
  itRunsEachInnerStreamUnderItsOwnChild,
  run,
} from '../helpers/operators.js';

describe('exhaustMapCtx', () => {
  it('projects a value to an inner stream, and drops those that come meanwhile, until ctx is canceled', () => {
    run((t) => {
      const source = t.cold('--1-2---------|');
      const inner = t.cold('   a--b--c|');
      const ctx = t.ctx('    ----------c');
      const result = '       --a--b--c-#';
      const first = '        --^------!';
      const subs = '         ^---------!';

      t.expectObservable(source.pipe(exhaustMapCtx(ctx, () => inner))).toBe(result, undefined, canceled);
      t.expectSubscriptions(inner.subscriptions).toBe([first]);
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

      t.expectObservable(source.pipe(exhaustMapCtx(ctx, () => inner))).toBe(result, undefined, exceeded);
      t.expectSubscriptions(inner.subscriptions).toBe([first]);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('errors at once under a ctx that is done, subscribes to no source and projects nothing', () => {
    run((t) => {
      const source = t.cold('--1-2---------|');
      const result = '       #';
      const project = jasmine.createSpy<() => Observable<string>>('project').and.returnValue(of('a'));

      t.expectObservable(source.pipe(exhaustMapCtx(t.ctx('c'), project))).toBe(result, undefined, canceled);
      t.expectObservable(source.pipe(exhaustMapCtx(t.ctx('d'), project))).toBe(result, undefined, exceeded);
      t.expectSubscriptions(source.subscriptions).toBe([]);
      t.flush();
      expect(project).not.toHaveBeenCalled();
    });
  });

  it('completes when the source has completed and the last inner stream ends', () => {
    run((t) => {
      const source = t.cold('--1-2|');
      const inner = t.cold('   a--b--c|');
      const ctx = t.ctx('    -----------c');
      const result = '       --a--b--c|';
      const first = '        --^------!';
      const subs = '         ^----!';

      t.expectObservable(source.pipe(exhaustMapCtx(ctx, () => inner))).toBe(result);
      t.expectSubscriptions(inner.subscriptions).toBe([first]);
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

      t.expectObservable(source.pipe(exhaustMapCtx(ctx, () => inner))).toBe(result, undefined, new Error('broken'));
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

      t.expectObservable(source.pipe(exhaustMapCtx(ctx, () => inner)), unsub).toBe(result);
      t.expectSubscriptions(inner.subscriptions).toBe([first]);
      t.expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('projects the values of a synchronous source', () => {
    run((t) => {
      const inner = t.cold('a----b----|');
      const result = '      a----b----|';

      t.expectObservable(of(1, 2).pipe(exhaustMapCtx(background(), () => inner))).toBe(result);
      t.expectObservable(of(1, 2).pipe(exhaustMapCtx(background(), (_, value) => of(value)))).toBe('(xy|)', {
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
        exhaustMapCtx(ctx, () => inner),
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
      const result = '       ---a--------a-';
      const first = '        -^----!';
      const second = '       ----------^--!';
      const project = (child: Context) => {
        drawLife(child, life);
        return inner;
      };

      t.expectObservable(source.pipe(exhaustMapCtx(background(), project)), unsub).toBe(result);
      t.expectSubscriptions(inner.subscriptions).toBe([first, second]);
      t.expectSubscriptions(life.subscriptions).toBe([first, second]);
    });
  });

  it('derives no context for what it drops, and does not count it', () => {
    const source = new Subject<string>();
    const inners = [new Subject<string>(), new Subject<string>()];
    const projected: unknown[] = [];
    const [ctx] = withCancel(background());
    const project = (_: Context, value: string, index: number) => {
      projected.push([value, index]);
      return inners[index]!;
    };
    source.pipe(exhaustMapCtx(ctx, project)).subscribe();
    source.next('a');
    const { length } = projected;
    const listeners = listenerCount(ctx);
    source.next('dropped');
    expect(projected.length).toBe(length);
    expect(listenerCount(ctx)).toBe(listeners);
    inners[0]!.complete();
    source.next('b');
    expect(projected).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
  });

  itRunsEachInnerStreamUnderItsOwnChild(exhaustMapCtx);
});
