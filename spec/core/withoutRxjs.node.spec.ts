import { run } from '../adapters/node/processes.js';

describe('rxjs-ctx/core without RxJS', () => {
  it('cancels, keeps deadlines, and reports to the host', async () => {
    const program = run('spec/core/programs/withoutRxjs.ts');
    const out: string[] = [];
    for (let i = 0; i < 4; i++) out.push(await program.line());
    await program.closed;
    expect(out).toEqual(['canceled: gone', 'deadline: TimeoutError', 'aborted: true', 'done$: undefined']);
    expect(program.errors).toContain('thrown by a listener');
  });
});
