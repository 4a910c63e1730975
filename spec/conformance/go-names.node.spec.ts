import { readFileSync } from 'node:fs';
import * as http from '../../lib/adapters/http.js';
import * as node from '../../lib/adapters/node.js';
import * as root from '../../lib/index.js';

/** What Go's package exports (`go doc context`, Go 1.21 and later), and what of other packages stands for a part of it. */
const goNames = [
  ...['Canceled', 'DeadlineExceeded', 'AfterFunc', 'Cause', 'WithCancel', 'WithCancelCause', 'WithDeadline'],
  ...['WithDeadlineCause', 'WithTimeout', 'WithTimeoutCause', 'CancelCauseFunc', 'CancelFunc', 'Context', 'Background'],
  ...['TODO', 'WithValue', 'WithoutCancel'],
  ...['ctx.Deadline', 'ctx.Done', 'ctx.Err', 'ctx.Value'],
  ...['errgroup.WithContext', 'signal.NotifyContext', 'http.Request.Context'],
];
const types = ['Context', 'CancelFunc'];
/** Of JavaScript, of Node, of RxJS and of a program, or a method of what one of ours returns. */
const others = [
  'no', // no-lost-cancel
  'using',
  'rxjs',
  'await',
  'for',
  'group',
  'limit',
  'parent',
  'execFile',
  'signal',
  'afterEach',
  'TestScheduler',
  'log',
  'catch',
  'cancel',
];

describe("the page for who comes from Go's context", () => {
  const table = /^## Names\n([^]*?)^## /m.exec(readFileSync('docs/coming-from-go.md', 'utf8'))?.[1] ?? '';
  const rows = table
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
    .map((line) => line.split('|').map((cell) => cell.trim()));

  it('puts every name of it beside ours', () => {
    const theirs = rows.flatMap(([, cell = '']) => cell.match(/[\w.]+/g) ?? []);
    const bare = theirs.map((name) => name.replace(/^context\./, ''));
    expect(goNames.filter((name) => !bare.includes(name))).toEqual([]);
  });

  it('names nothing on our side that is not there', () => {
    const exported = Object.keys({ ...root, ...http, ...node }).concat(types);
    const ctx = root.background();
    const ours = rows.flatMap(([, , cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code));
    const called = ours.map((code) => /^(ctx\.)?[\w$]+/.exec(code)?.[0] ?? '');
    for (const name of called.filter((name) => name !== '' && !others.includes(name))) {
      const there = name.startsWith('ctx.') ? name.slice('ctx.'.length) in ctx : exported.includes(name);
      expect(there).withContext(name).toBeTrue();
    }
    expect(called.length).toBeGreaterThan(30);
  });
});
