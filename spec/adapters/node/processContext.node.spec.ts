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
    expect(String(ctx)).toBe('background.withValue(user).withCancel.processContext');
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
    for (const name of ['exit', 'NOSIGUSR2', 'SIGUSR2?']) {
      expect(message(background(), ['SIGUSR2', name])).toBe(
        `processContext: signals must be names of signals, got "${name}"`,
      );
    }
    expect(message(background(), ['SIGUSR2', 9])).toBe('processContext: signals must be names of signals, got 9');
    expect(message(background(), ['SIGUSR2', 'SIGKILL'])).toBe(
      'processContext: signals must be signals that a process can handle, got "SIGKILL"',
    );
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
