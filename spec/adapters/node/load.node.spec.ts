import { run } from './processes.js';

describe('requests under load', () => {
  it('leaves no context, listener or timer, and every response is whole or visibly cut', async () => {
    const load = run('bench/load/run.ts', ['--requests', '1500', '--concurrent', '60', '--rounds', '0']);
    const [code] = await load.closed;
    expect(load.errors).toBe('');
    expect(code).toBe(0);
    expect(await load.line()).toMatch(/^1500 requests, 60 at a time/);
  }, 60_000);
});
