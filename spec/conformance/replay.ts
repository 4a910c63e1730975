import {
  afterFunc,
  background,
  CanceledError,
  contextKey,
  DeadlineExceededError,
  withCancel,
  withDeadline,
  withoutCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import type { CancelFunc, Context, ContextError, ContextKey } from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';
import { wrap } from '../helpers/foreign.js';
import { listen } from '../helpers/listen.js';
import type { Heard } from '../helpers/listen.js';
import type { Step, Trace } from './traces.js';

/** Who has a `done$` subscriber from the moment it is made. */
export type Listening = 'nobody' | 'everybody' | 'every other context';

/** Where the library and Go part, one line each. Empty when the trace holds. */
export function replay(trace: Trace, listening: Listening): string[] {
  const run = new Replay(listening);
  for (const [index, step] of trace.steps.entries()) {
    const wrong = run.step(step);
    if (wrong.length > 0) {
      const where = `seed ${trace.seed}, ${listening} listening, step ${index} ${JSON.stringify(step)}`;
      return wrong.map((what) => `${where}: ${what}`);
    }
  }
  return [];
}

/** A context of the trace, the state it must be in, and what it has been seen to say. */
interface Entry {
  readonly ctx: Context;
  readonly cancel: CancelFunc | undefined;
  readonly heard: Heard | undefined;
  err: '' | 'canceled' | 'deadline';
  cause: string | null;
  /** The error object it showed first: it must never show another. */
  seen: ContextError | undefined;
}

const classes = { canceled: CanceledError, deadline: DeadlineExceededError };

class Replay {
  private readonly clock = new Clock();
  private readonly entries: Entry[] = [];
  private readonly stops: (() => boolean)[] = [];
  private readonly keys = new Map<string, ContextKey<string>>(
    ['a', 'b', 'c'].map((name) => [name, contextKey<string>(name)]),
  );
  /** The causes by their text, so that the identity of a cause is checked too. */
  private readonly causes = new Map<string, Error>();
  private fired: number[] = [];
  private wrong: string[] = [];

  constructor(private readonly listening: Listening) {}

  /** Takes one step, and says what is not as it must be. */
  step(step: Step): string[] {
    this.wrong = [];
    this.fired = [];
    this.act(step);
    for (const [id, err, cause] of step.changes ?? []) {
      const entry = this.entries[id]!;
      entry.err = err;
      entry.cause = cause;
    }
    this.expect('fired', this.fired.sort((a, b) => a - b).join(), (step.fired ?? []).join());
    this.entries.forEach((entry, id) => this.check(entry, `context ${id}`));
    return this.wrong;
  }

  private act(step: Step): void {
    switch (step.op) {
      case 'background':
        return this.derived(step, withScheduler(background(), this.clock));
      case 'withCancel':
        return this.derived(step, ...withCancel(this.ctx(step.parent)));
      case 'withValue':
        return this.derived(step, withValue(this.ctx(step.parent), this.key(step.key), step.value));
      case 'withoutCancel':
        return this.derived(step, withoutCancel(this.ctx(step.parent)));
      case 'custom':
        return this.derived(step, wrap(this.ctx(step.parent)));
      case 'withDeadline':
        return this.derived(step, ...withDeadline(this.ctx(step.parent), step.at, this.options(step.cause)));
      case 'withTimeout':
        return this.derived(step, ...withTimeout(this.ctx(step.parent), step.ms, this.options(step.cause)));
      case 'cancel':
        return this.entries[step.ctx]!.cancel!(step.cause === undefined ? undefined : this.cause(step.cause));
      case 'afterFunc': {
        const { id } = step;
        this.stops[id] = afterFunc(this.ctx(step.ctx), () => {
          this.fired.push(id);
        });
        return;
      }
      case 'stop':
        return this.expect('stop()', this.stops[step.id]!(), step.result);
      case 'advance':
        return this.clock.advance(step.ms);
      case 'value':
        return this.expect('value', this.ctx(step.ctx).value(this.key(step.key)), step.result ?? undefined);
    }
  }

  private derived(step: Step & { id: number }, ctx: Context, cancel?: CancelFunc): void {
    const watched =
      this.listening === 'everybody' || (this.listening === 'every other context' && this.entries.length % 2 === 0);
    this.expect('id', step.id, this.entries.length);
    this.expect('deadline', ctx.deadline, step.deadline ?? undefined);
    const heard = watched ? listen(ctx) : undefined;
    this.entries.push({ ctx, cancel, heard, err: '', cause: null, seen: undefined });
  }

  private check(entry: Entry, name: string): void {
    const { ctx, heard } = entry;
    const { err } = ctx;
    if (entry.err === '') {
      this.expect(`${name}: err`, err, undefined);
      this.expect(`${name}: cause`, ctx.cause, undefined);
      if (heard) {
        this.expect(`${name}: emitted`, heard.errs.length, 0);
        this.expect(`${name}: completed`, heard.completed, 0);
      }
      return;
    }
    if (err?.constructor !== classes[entry.err]) {
      this.wrong.push(`${name}: err is ${String(err)}, not ${entry.err}`);
      return;
    }
    entry.seen ??= err;
    this.expect(`${name}: err, again`, err, entry.seen);
    this.expect(`${name}: cause`, ctx.cause, entry.cause === '=err' ? err : this.cause(entry.cause!));
    if (heard) {
      this.expect(`${name}: emitted`, heard.errs.length, 1);
      this.expect(`${name}: what it emitted`, heard.errs[0], err);
      this.expect(`${name}: completed`, heard.completed, 1);
    }
  }

  private expect(what: string, got: unknown, wanted: unknown): void {
    if (!Object.is(got, wanted)) this.wrong.push(`${what} is ${String(got)}, not ${String(wanted)}`);
  }

  private ctx(id: number): Context {
    return this.entries[id]!.ctx;
  }

  private key(name: string): ContextKey<string> {
    return this.keys.get(name)!;
  }

  private cause(text: string): Error {
    let cause = this.causes.get(text);
    if (!cause) this.causes.set(text, (cause = new Error(text)));
    return cause;
  }

  private options(cause: string | undefined): { cause?: unknown } {
    return cause === undefined ? {} : { cause: this.cause(cause) };
  }
}
