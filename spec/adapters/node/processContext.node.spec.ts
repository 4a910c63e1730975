import { ClientGoneError, processContext, ProcessSignalError } from '../../../lib/adapters/node.js';
import { background, CanceledError, contextKey, withCancel, withValue } from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { start } from './processes.js';
import { until } from './servers.js';

// These two mean nothing to the process that runs the specs.
const signals = ['SIGUSR2', 'SIGWINCH'] as const;
const handlers = () => signals.map((signal) => process.listenerCount(signal));

describe('processContext', () => {
  let before: number[];
  const ignore = () => {};

  // So that a signal for which nobody is left does not end the specs.
  beforeEach(() => {
    for (const signal of signals) process.on(signal, ignore);
    before = handlers();
  });

  afterEach(() => {
    expect(handlers()).withContext('handlers left').toEqual(before);
    for (const signal of signals) process.off(signal, ignore);
  });

  it('may be canceled again', () => {
    const [ctx, cancel] = processContext();
    cancel('first');
    cancel('again');
    expect(ctx.cause).toBe('first');
  });

  it('is alive until the first signal, then canceled with a cause that names it', async () => {
    const [ctx] = processContext(background(), signals);
    expect(ctx.err).toBeUndefined();
    expect(handlers()).toEqual(before.map((count) => count + 1));
    process.kill(process.pid, 'SIGUSR2');
    await until(() => ctx.err !== undefined);
    expect(ctx.err).toBeInstanceOf(CanceledError);
    const cause = ctx.cause as ProcessSignalError;
    expect(cause).toBeInstanceOf(ProcessSignalError);
    expect(cause.signal).toBe('SIGUSR2');
    expect(cause.name).toBe('ProcessSignalError');
    expect(cause.message).toBe('got SIGUSR2');
  });

  it('has taken its handlers away when the first listener hears', async () => {
    const [ctx] = processContext(background(), signals);
    let heard: number[] = [];
    ctx.done$.subscribe(() => (heard = handlers()));
    process.kill(process.pid, 'SIGWINCH');
    await until(() => heard.length > 0);
    expect(heard).toEqual(before);
  });

  it('is canceled by its cancel function, and leaves no handler', () => {
    const [ctx, cancel] = processContext(background(), signals);
    cancel('enough');
    expect(ctx.cause).toBe('enough');
    expect(handlers()).toEqual(before);
  });

  it('ends with the parent, and leaves no handler', () => {
    const user = contextKey<string>('user');
    const [parent, cancel] = withCancel(withValue(background(), user, 'Ann'));
    const [ctx] = processContext(parent, signals);
    expect(ctx.value(user)).toBe('Ann');
    expect(String(ctx)).toBe('background.withValue(user).withCancel.processContext(SIGUSR2, SIGWINCH)');
    cancel('closing time');
    expect(ctx.err).toBe(parent.err);
    expect(handlers()).toEqual(before);
    expect(listenerCount(parent)).toBe(0);
  });

  it('handles nothing under a parent that is done', () => {
    const [parent, cancel] = withCancel(background());
    cancel();
    const [ctx] = processContext(parent, signals);
    expect(ctx.err).toBe(parent.err);
    expect(handlers()).toEqual(before);
  });

  it('handles a signal once that is named twice, and none of none', () => {
    const [, cancel] = processContext(background(), ['SIGUSR2', 'SIGUSR2']);
    expect(process.listenerCount('SIGUSR2')).toBe(before[0]! + 1);
    cancel();
    const [ctx] = processContext(background(), []);
    expect(ctx.err).toBeUndefined();
  });

  it('handles SIGINT and SIGTERM where no signals are named', () => {
    const counts = () => [process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')];
    const [int, term] = counts();
    const [, cancel] = processContext();
    expect(counts()).toEqual([int! + 1, term! + 1]);
    cancel();
    expect(counts()).toEqual([int!, term!]);
  });

  it('leaves the second signal to Node, which ends the process', async () => {
    const sequences = [
      ['SIGINT', 'SIGINT'],
      ['SIGTERM', 'SIGINT'],
    ] as const;
    await Promise.all(
      sequences.map(async ([first, second]) => {
        const program = start('signals');
        expect(await program.line()).toBe('ready');
        program.child.kill(first);
        expect(await program.line()).toBe(first);
        program.child.kill(second);
        expect(await program.closed).toEqual([null, second]);
        expect(program.errors).toBe('');
      }),
    );
  }, 20_000);

  it('names its signals, each once', () => {
    const named = (...names: NodeJS.Signals[]) => {
      const [ctx, cancel] = processContext(background(), names);
      cancel();
      return String(ctx);
    };
    expect(named('SIGUSR2', 'SIGWINCH', 'SIGUSR2')).toBe('background.processContext(SIGUSR2, SIGWINCH)');
    expect(named()).toBe('background.processContext()');
    const [ctx, cancel] = processContext();
    expect(String(ctx)).toBe('background.processContext(SIGINT, SIGTERM)');
    cancel();
  });

  it('puts one listener on the process, however many contexts there are, and Node does not warn', async () => {
    const warnings: string[] = [];
    const warn = ({ name }: Error) => name === 'MaxListenersExceededWarning' && warnings.push(name);
    process.on('warning', warn);
    const made = Array.from({ length: 30 }, () => processContext(background(), signals));
    await new Promise((then) => setTimeout(then, 10));
    process.off('warning', warn);
    expect(warnings).toEqual([]);
    expect(handlers()).toEqual(before.map((count) => count + 1));

    const [first, cancelFirst] = made[0]!;
    const others = made.slice(1);
    cancelFirst();
    expect(handlers()).toEqual(before.map((count) => count + 1));
    const heard: number[] = [];
    others.forEach(([ctx], i) => ctx.done$.subscribe(() => heard.push(i)));
    process.kill(process.pid, 'SIGUSR2');
    await until(() => heard.length > 0);
    expect(heard).toEqual(others.map((_, i) => i));
    expect(first.cause).toBe(first.err);
    expect(handlers()).toEqual(before);
  });

  it('handles the next signal when it is made while another hears of one', async () => {
    const [first] = processContext(background(), ['SIGUSR2']);
    let second: Context | undefined;
    first.done$.subscribe(() => ([second] = processContext(background(), ['SIGUSR2'])));
    process.kill(process.pid, 'SIGUSR2');
    await until(() => second !== undefined);
    expect(second!.err).toBeUndefined();
    process.kill(process.pid, 'SIGUSR2');
    await until(() => second!.err !== undefined);
    expect((second!.cause as ProcessSignalError).signal).toBe('SIGUSR2');
  });

  it('names the signal also when a program emits the event itself', () => {
    const [ctx] = processContext(background(), ['SIGUSR2']);
    (process as NodeJS.EventEmitter).emit('SIGUSR2');
    expect((ctx.cause as ProcessSignalError).signal).toBe('SIGUSR2');
  });

  it('handles signals again after somebody has removed all listeners of the process', () => {
    const [first] = processContext(background(), ['SIGUSR2']);
    process.removeAllListeners('SIGUSR2');
    const [second] = processContext(background(), ['SIGUSR2']);
    (process as NodeJS.EventEmitter).emit('SIGUSR2');
    expect([first, second].map(({ cause }) => (cause as Error).message)).toEqual(['got SIGUSR2', 'got SIGUSR2']);
    for (const _ of Array(before[0])) process.on('SIGUSR2', ignore);
  });

  it('keeps the process alive while somebody waits for done$, and says then why it ended', async () => {
    const waiting = ['firstValueFrom', 'subscribe', 'value context', 'two subscribers'];
    await Promise.all(
      waiting.map(async (how) => {
        const program = start('waits', [how]);
        expect(await program.line())
          .withContext(how)
          .toBe('ready');
        const early = await Promise.race([program.closed, new Promise((then) => setTimeout(then, 300, 'alive'))]);
        expect(early).withContext(how).toBe('alive');
        program.child.kill('SIGTERM');
        expect(await program.line())
          .withContext(how)
          .toBe('ProcessSignalError: got SIGTERM');
        expect(await program.closed)
          .withContext(how)
          .toEqual([0, null]);
      }),
    );
  }, 40_000);

  it('does not keep the process alive by anything else, or when it is over', async () => {
    const others = ['signal', 'afterFunc', 'operator', 'child', 'shutdown', 'unsubscribed', 'canceled', 'nothing'];
    await Promise.all(
      others.map(async (how) => {
        const program = start('waits', [how]);
        expect(await program.line())
          .withContext(how)
          .toBe('ready');
        expect(await program.closed)
          .withContext(how)
          .toEqual([0, null]);
        expect(program.errors).withContext(how).toBe('');
      }),
    );
  }, 40_000);

  it('has one done$, which emits the error and completes, also afterwards', () => {
    const [ctx, cancel] = processContext(background(), signals);
    const child = withValue(ctx, contextKey<string>('user'), 'Ann');
    expect(ctx.done$).toBe(ctx.done$);
    expect(child.done$).toBe(ctx.done$);
    const heard: unknown[] = [];
    const hear = { next: (err: unknown) => heard.push(err), complete: () => heard.push('complete') };
    ctx.done$.subscribe(hear);
    ctx.done$.subscribe(hear).unsubscribe();
    cancel();
    ctx.done$.subscribe(hear);
    expect(heard).toEqual([ctx.err, 'complete', ctx.err, 'complete']);
    expect(listenerCount(ctx)).toBe(0);
  });

  it('suggests the signal that was probably meant', () => {
    const suggestion = (name: string) => {
      try {
        processContext(background(), ['SIGUSR2', name as NodeJS.Signals])[1]();
        return 'nothing';
      } catch (error) {
        return /^processContext: signals must be names of signals, got "(.*)": did you mean "(SIG\w+)"\?$/
          .exec((error as TypeError).message)
          ?.slice(1)
          .join(' ');
      }
    };
    expect(suggestion('SIGTREM')).toBe('SIGTREM SIGTERM');
    expect(suggestion('sigint')).toBe('sigint SIGINT');
    expect(suggestion('TERM')).toBe('TERM SIGTERM');
    expect(suggestion('SIGINIT')).toBe('SIGINIT SIGINT');
    expect(suggestion('SIGWNICHH')).toBe('SIGWNICHH SIGWINCH');
    expect(suggestion('SIGHOP')).toBe('SIGHOP SIGHUP');
    expect(suggestion('SIGUSR2?')).toBe('SIGUSR2? SIGUSR2');
    expect(suggestion('SIGABCDEFG')).toBeUndefined();
    expect(handlers()).toEqual(before);
  });

  it('accepts on every platform the signals that only another one sends', () => {
    const [ctx, cancel] = processContext(background(), ['SIGBREAK', 'SIGINFO']);
    expect(ctx.err).toBeUndefined();
    cancel();
    expect(process.listenerCount('SIGBREAK')).toBe(0);
  });

  it('refuses bad input at the call, and leaves no handler', () => {
    const message = (parent: unknown, names?: unknown) => {
      try {
        processContext(parent as Context, names as NodeJS.Signals[]);
        return 'nothing';
      } catch (error) {
        return error instanceof TypeError ? error.message : String(error);
      }
    };
    expect(message(null)).toBe('processContext: parent must be a Context, got null');
    expect(message(background(), 'SIGINT')).toBe('processContext: signals must be an array of signals, got "SIGINT"');
    for (const name of ['exit', 'SIG', '', 'uncaughtException', 'toString']) {
      expect(message(background(), ['SIGUSR2', name])).toBe(
        `processContext: signals must be names of signals, got "${name}"`,
      );
    }
    expect(message(background(), ['SIGUSR2', 9])).toBe('processContext: signals must be names of signals, got 9');
    for (const name of ['SIGKILL', 'SIGSTOP']) {
      expect(message(background(), ['SIGUSR2', name, 'SIGWINCH'])).toBe(
        `processContext: signals must be signals that a process can handle, got "${name}"`,
      );
    }
    expect(handlers()).toEqual(before);
  });
});

describe("the name of an error of Node's adapters", () => {
  it('is where those of native errors are: on the prototype, to be changed, and not enumerable', () => {
    for (const { prototype } of [ClientGoneError, ProcessSignalError]) {
      const native = Object.getOwnPropertyDescriptor(TypeError.prototype, 'name');
      const ours = Object.getOwnPropertyDescriptor(prototype, 'name');
      expect({ ...ours, value: 'TypeError' }).toEqual({ ...native, value: 'TypeError' });
    }
  });
});
